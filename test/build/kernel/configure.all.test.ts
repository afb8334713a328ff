import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { formatNames, loadFormat } from '../../../build/image/format.ts'
import { fragmentNames, readFragments, requests } from '../../../build/kernel/fragments.ts'
import { applyPatches, configure, listPatches, unpackSource } from '../../../build/kernel/prepare.ts'
import { fetchSource, findSource, readPin } from '../../../build/kernel/source.ts'
import { cacheFrom } from '../../../build/pipeline/cache.ts'
import { root } from '../../../config/lib/paths.ts'
import { loadConfig } from '../../../config/load.ts'
import { folderOf } from '../../lib/release.ts'

// Configuring takes seconds, compiling minutes: this proves the lines of fragments that no test boots.
const config = await loadConfig({
  root: folderOf(t, { 'config/system.json': '{}', 'app/index.ts': '' }),
  env: {},
})
const folder = mkdtempSync(join(tmpdir(), 'nodeos-configure-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const tree = join(folder, 'tree')
const sources = join(cacheFrom(process.env).own, 'sources')
const source = await findSource(config.kernel.source, readPin(root), sources)
await fetchSource(source)
await unpackSource(source, tree)
await applyPatches(tree, await listPatches())

const fragments = readdirSync(join(root, 'kernel/config')).map((name) => name.replace(/\.config$/, ''))
const formats = await Promise.all((await formatNames()).map(loadFormat))
const additions = [
  ...fragments.filter((name) => name.startsWith('platform-')).map((name) => [name]),
  ...formats.map((format) => format.fragments),
  // Of two compressions, or of two fragments that contradict each other, the last one wins: all in one kernel.
  fragments,
]
const distinct = new Map(additions.map((added) => [added.join(', '), added]))

for (const [names, added] of distinct) {
  await t.test(`every line holds in a kernel with ${names || 'nothing added'}`, async (t) => {
    const wanted = requests(await readFragments(fragmentNames(config, 'none', added)))
    const configured = await configure(tree, wanted)
    t.ok(wanted.length > 0 && configured.includes('CONFIG_64BIT=y'))
  })
}
