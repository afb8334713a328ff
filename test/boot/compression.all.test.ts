import { join } from 'node:path'
import t from 'tap'
import { cacheFrom } from '../../build/pipeline/cache.ts'
import { layerType } from '../../build/pipeline/pack.ts'
import { dist } from '../../config/lib/paths.ts'
import { buildRuntime } from '../../build/runtime.ts'
import { buildFull, compressions } from '../lib/full.ts'
import { boot } from '../lib/machine.ts'

// Its kernel may have to be compiled first.
t.setTimeout(45 * 60_000)

const { config, kernel } = await buildFull()
const vmlinux = kernel.find(({ name }) => name === 'kernel/vmlinux')?.path ?? ''

// The other tests boot layers without compression, those of image formats lz4.
for (const compression of compressions.filter((name) => name !== 'lz4')) {
  await t.test(`layers packed with ${compression} boot`, async (t) => {
    const [runtime] = await buildRuntime({
      config: { ...config, image: { ...config.image, compression } },
      cache: cacheFrom(process.env),
      out: join(dist, 'test', compression),
    })
    const path = runtime?.path ?? ''
    t.match(path, new RegExp(`\\.${layerType(compression)}$`))
    const parts = { compression, kernel: vmlinux, runtime: path }
    const machine = await boot(t, compression, {}, { parts })
    t.equal(await machine.get('/healthz'), 'ok')
  })
}
