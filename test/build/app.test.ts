import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { buildApp } from '../../build/app.ts'
import type { Compression } from '../../build/pipeline/pack.ts'
import type { Artefact } from '../../build/pipeline/record.ts'
import { runSync } from '../../config/lib/run.ts'
import { configFor, packageOf } from './app/fixture.ts'

const repository = {
  'package.json': JSON.stringify({ type: 'module', dependencies: { dep: '1' } }),
  '.env': 'NEVER_IN_AN_IMAGE=1',
  app: {
    'index.js': "import 'dep'\n",
    'typed.ts': 'export const typed: string = "x"\n',
    '.env': 'NEVER_IN_AN_IMAGE=1',
    '.env.production': 'NEVER_IN_AN_IMAGE=1',
  },
  config: {
    '.env': 'NEVER_IN_AN_IMAGE=1',
    'mine.json': '{}',
    'local.json': '{"hostname":"NEVER_IN_AN_IMAGE"}',
  },
  node_modules: { dep: { ...packageOf('dep'), '.env': 'NEVER_IN_AN_IMAGE=1' } },
}

async function build(root: string, out: string, compression: Compression = 'none'): Promise<Artefact> {
  const config = configFor()
  config.image.compression = compression
  const [artefact] = await buildApp({ root, config, out })
  if (artefact === undefined) throw new Error('nothing was built')
  return artefact
}

/** Takes a layer apart. */
function unpack(layer: string, into: string): string {
  if (layer.endsWith('.erofs')) runSync(['fsck.erofs', `--extract=${into}`, layer], { purpose: 'unpack' })
  else runSync(['unsquashfs', '-quiet', '-no-progress', '-dest', into, layer], { purpose: 'unpack' })
  return into
}

const files = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' })

await t.test(
  'the same repository gives the same bytes wherever it lies, and its folder stays clean',
  async (t) => {
    const folder = t.testdir({ one: repository, elsewhere: { two: {} } })
    const [one, two] = [join(folder, 'one'), join(folder, 'elsewhere/two')]
    mkdirSync(join(two, 'app'), { recursive: true })
    for (const name of readdirSync(join(one, 'app')).reverse())
      cpSync(join(one, 'app', name), join(two, 'app', name))
    cpSync(one, two, { recursive: true })
    const first = await build(one, join(one, 'dist'))
    const second = await build(two, join(two, 'dist'))
    t.equal(first.sha256, second.sha256)
    t.same(first.inputs, second.inputs)
    t.ok(first.bytes < 100_000)
    t.same(files(join(one, 'dist')).sort(), ['app.erofs', 'app.json'])
  },
)

for (const compression of ['none', 'lz4', 'zstd', 'xz'] as const) {
  await t.test(`no secret is in an image (${compression})`, async (t) => {
    const root = t.testdir(repository)
    const { path } = await build(root, join(root, 'dist'), compression)
    const unpacked = unpack(path, join(root, 'unpacked'))
    t.ok(existsSync(join(unpacked, 'node_modules/dep/index.js')), 'it was taken apart')
    for (const name of files(unpacked)) {
      t.notMatch(name, /\.env/)
      const file = join(unpacked, name)
      if (existsSync(join(file, '.'))) continue
      t.notOk(readFileSync(file, 'utf8').includes('NEVER_IN_AN_IMAGE'), name)
    }
  })
}

await t.test('nothing is done when nothing changed, and a change is seen', async (t) => {
  const root = t.testdir(repository)
  const out = join(root, 'dist')
  const how = (): string => (JSON.parse(readFileSync(join(out, 'app.json'), 'utf8')) as { how: string }).how
  const first = await build(root, out)
  t.equal(how(), 'built')
  t.same(await build(root, out), first)
  t.equal(how(), 'unchanged')
  writeFileSync(join(root, 'app/.env'), 'NEVER_IN_AN_IMAGE=2')
  writeFileSync(join(root, 'other'), 'not part of the app')
  await build(root, out)
  t.equal(how(), 'unchanged')
  writeFileSync(join(root, 'app/index.js'), "import 'dep' // changed\n")
  t.not((await build(root, out)).sha256, first.sha256)
  t.equal(how(), 'built')
  const squashed = await build(root, out, 'zstd')
  t.match(squashed.path, /app\.squashfs$/)
  t.notOk(existsSync(join(out, 'app.erofs')), 'the layer that it replaces is gone')
})

await t.test('a failure leaves the last layer and nothing half-made', async (t) => {
  const root = t.testdir(repository)
  const out = join(root, 'dist')
  const { sha256 } = await build(root, out)
  const broken = async (message: RegExp): Promise<void> => {
    await t.rejects(build(root, out), { name: 'UserError', message })
    t.same(files(out).sort(), ['app.erofs', 'app.json'])
  }
  const index = readFileSync(join(root, 'app/index.js'), 'utf8')
  writeFileSync(join(root, 'app/index.js'), "import './bad.ts'\n")
  writeFileSync(join(root, 'app/bad.ts'), 'const a: = 1')
  await broken(/^app\/bad\.ts:1 is not valid TypeScript/)
  writeFileSync(join(root, 'app/index.js'), index)
  writeFileSync(join(root, 'app/bad.ts'), '')
  renameSync(join(root, 'app/index.js'), join(root, 'app/moved.js'))
  await broken(/app\.entry: app\/index\.js does not exist/)
  renameSync(join(root, 'app/moved.js'), join(root, 'app/index.js'))
  renameSync(join(root, 'node_modules/dep'), join(root, 'node_modules/gone'))
  await broken(/the dependency dep of package\.json is not installed/)
  renameSync(join(root, 'node_modules/gone'), join(root, 'node_modules/dep'))
  writeFileSync(join(root, 'app/bad.ts'), '')
  t.not((await build(root, out)).sha256, sha256, 'it recovers')
})
