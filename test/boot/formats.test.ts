import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { formatNames, loadFormat } from '../../build/format.ts'
import { imageCommandLine, looped } from '../../build/image/command-line.ts'
import { buildKernel } from '../../build/kernel.ts'
import type { Artefact } from '../../build/lib/artefact.ts'
import { cacheFrom } from '../../build/lib/cache.ts'
import { dist } from '../../build/lib/paths.ts'
import { artefactPath, loadRelease } from '../../deploy/release.ts'
import { bootImage } from './image-machine.ts'

// A kernel with every format's drivers may have to be compiled first.
t.setTimeout(45 * 60_000)

const release = await loadRelease(dist)
const system = release.manifest.system
const names = await formatNames()
const config = { ...system, image: { ...system.image, formats: names } }
const kernel = await buildKernel({
  config,
  cache: cacheFrom(process.env),
  out: join(dist, 'formats'),
  jobs: availableParallelism(),
})
const layers = release.manifest.artefacts
  .filter(({ name }) => name === 'runtime' || name === 'app')
  .map((layer) => ({ ...layer, path: artefactPath(release, layer.name) }))
const artefacts = new Map([...kernel, ...layers].map((part) => [part.name, part]))
const sum = (parts: Artefact[]): number => parts.reduce((total, { bytes }) => total + bytes, 0)
const contentBytes = sum(
  [...artefacts.values()].filter(({ name }) => /^(kernel\/vmlinuz|runtime|app)$/.test(name)),
)

const drivers: Record<string, string> = { vhd: 'vpc', iso: 'raw', initrd: 'raw', efi: 'raw' }

for (const name of names) {
  const format = await loadFormat(name)
  if (format.boots.length === 0) continue
  await t.test(`${name}: ${format.summary}`, async (t) => {
    const out = await mkdtemp(join(dist, '.test-format-'))
    t.teardown(async () => rm(out, { recursive: true, force: true }))
    const [first] = await format.assemble({ config, artefacts, out })
    if (first === undefined) throw new Error(`${name} assembled nothing`)
    await t.test('the same layers give the same bytes', async (t) => {
      const again = await mkdtemp(join(dist, '.test-format-'))
      t.teardown(async () => rm(again, { recursive: true, force: true }))
      const [second] = await format.assemble({ config, artefacts, out: again })
      t.equal(second?.sha256, first.sha256)
    })
    if (name === 'raw') {
      const { blocks } = await stat(first.path)
      t.ok(blocks * 512 <= contentBytes + 2_000_000, `${blocks * 512} bytes for ${contentBytes} of layers`)
    }
    for (const boot of format.boots) {
      await t.test(`boots by ${boot.firmware} as ${boot.as}`, async (t) => {
        const status = await bootImage(boot, {
          image: boot.as === 'efi-file' ? await asLoader(first.path, out) : first.path,
          driver: drivers[name] ?? name,
          kernel: artefacts.get('kernel/vmlinuz')?.path ?? '',
          append: imageCommandLine(config, looped),
          port: system.health.port ?? system.ports[0]?.guest ?? 0,
          path: system.health.path,
        })
        t.equal(status, 200)
      })
    }
  })
}

/** A folder in which firmware finds the file by itself. */
async function asLoader(file: string, folder: string): Promise<string> {
  const place = join(folder, 'esp/EFI/BOOT')
  await mkdir(place, { recursive: true })
  await copyFile(file, join(place, 'BOOTX64.EFI'))
  return join(folder, 'esp')
}
