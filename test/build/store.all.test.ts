import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Diagnosis } from '../../build/doctor.ts'
import { requirements } from '../../build/host/tools.ts'
import { cacheFrom } from '../../build/pipeline/cache.ts'
import { addEntries } from '../../build/store.ts'
import { programFolders } from '../../config/lib/find.ts'
import { hashFile } from '../../config/lib/hash.ts'
import { dist } from '../../config/lib/paths.ts'
import { checkout } from '../lib/checkout.ts'

/** A folder with links to every program on PATH, except for those that compile. */
function withoutCompilers(folder: string): string {
  const compiling = requirements.filter(({ stage }) => ['kernel', 'programs', 'compiler'].includes(stage))
  const left = new Set(compiling.map(({ name }) => name))
  mkdirSync(folder)
  for (const from of programFolders()
    .toReversed()
    .filter((each) => existsSync(each))) {
    for (const name of readdirSync(from)) {
      if (left.has(name) || /(^|-)(gcc|cc|g\+\+|c\+\+|clang|tcc|c89|c99)(-\d+)?$/.test(name)) continue
      rmSync(join(folder, name), { force: true })
      symlinkSync(join(from, name), join(folder, name))
    }
  }
  return folder
}

await t.test('with a store, a build with an empty cache needs no compiler and no network', async (t) => {
  const copy = checkout()
  t.teardown(() => copy.remove())
  const store = join(copy.path, 'store')
  const cache = { own: cacheFrom(process.env).own, pins: join(copy.path, 'build/pins') }
  const entries = await addEntries({ dist, cache, store, pin: true, source: false })
  t.equal(entries.length, 2)

  const folder = t.testdir({})
  const env = {
    PATH: withoutCompilers(join(folder, 'bin')),
    XDG_CACHE_HOME: join(folder, 'cache'),
    NODEOS_CACHE: store,
    // Whatever is asked of the network fails.
    HTTPS_PROXY: 'http://127.0.0.1:1',
    HTTP_PROXY: 'http://127.0.0.1:1',
    NODE_USE_ENV_PROXY: '1',
    NO_COLOR: '1',
  }
  const { output: examined } = copy.run(['npm', 'run', '--silent', 'doctor', '--', '--json'], env)
  const diagnosis = JSON.parse(examined.slice(0, examined.lastIndexOf('}') + 1)) as Diagnosis
  t.equal(diagnosis.remedy, undefined, 'nothing is missing for a build')
  t.match(
    diagnosis.checks.find(({ name }) => name === 'gcc'),
    { status: 'warning' },
  )

  const { status, output } = copy.run(['npm', 'run', 'build'], env)
  t.equal(status, 0, output)
  t.match(output, `Kernel from ${store}`)
  t.match(output, /kernel\/vmlinuz +\S+ MB +fetched/)
  t.match(output, /runtime +\S+ MB +built/)
  for (const name of ['kernel/vmlinux', 'kernel/vmlinuz', 'programs/init', 'programs/native.node']) {
    t.equal(await hashFile(join(copy.path, 'dist', name)), await hashFile(join(dist, name)), name)
  }
  t.equal(
    readFileSync(join(copy.path, 'dist/manifest.json'), 'utf8').includes('"kernel/vmlinux"'),
    true,
    'the manifest lists it',
  )

  const again = copy.run(['npm', 'run', 'build'], {
    ...env,
    NODEOS_CACHE: '',
    XDG_CACHE_HOME: env.XDG_CACHE_HOME,
  })
  t.equal(again.status, 0, again.output)
  t.match(again.output, /kernel\/vmlinuz +\S+ MB +unchanged/)
  rmSync(join(copy.path, 'dist'), { recursive: true })
  const cached = copy.run(['npm', 'run', 'build'], { ...env, NODEOS_CACHE: '' })
  t.equal(cached.status, 0, cached.output)
  t.match(cached.output, /kernel\/vmlinuz +\S+ MB +cached/)
})
