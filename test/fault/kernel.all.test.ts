import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkout } from '../lib/checkout.ts'
import { until } from '../lib/until.ts'

const node = join(import.meta.dirname, '../../node_modules/.bin/node')

/** Configures whatever it is asked for, and compiles `vmlinux` by this recipe, in the folder of the objects. */
const makefile = (recipe: string): string => `VERSION = 0
PATCHLEVEL = 1
SUBLEVEL = 2
mrproper tinyconfig olddefconfig:
\t@mkdir -p $(or $(O),.) && touch $(or $(O),.)/.config
vmlinux:
\tcd $(O) && ${recipe}
bzImage: vmlinux
\tcd $(O) && mkdir -p arch/x86/boot && cp vmlinux arch/x86/boot/bzImage
`

/** A copy of the repository whose kernel is compiled from a tree of that Makefile. */
function setting(t: Test, recipe: string) {
  const copy = checkout()
  t.teardown(() => copy.remove())
  rmSync(join(copy.path, 'kernel/patches'), { recursive: true })
  mkdirSync(join(copy.path, 'kernel/patches'))
  const tree = join(copy.path, 'linux')
  const write = (recipe: string): void => writeFileSync(join(tree, 'Makefile'), makefile(recipe))
  mkdirSync(tree)
  write(recipe)
  const cache = join(copy.path, 'cache')
  const dist = join(copy.path, 'dist')
  const env = { XDG_CACHE_HOME: cache, NODEOS_KERNEL_SOURCE: tree }
  const build = () => copy.run([node, 'build/kernel.ts'], env)
  const entries = (): string[] =>
    existsSync(join(cache, 'nodeos'))
      ? readdirSync(join(cache, 'nodeos')).filter((name) => /^(\.unfinished-)?kernel/.test(name))
      : []
  return { copy, dist, env, write, build, entries }
}

await t.test('a killed kernel build leaves nothing incomplete, and the next one succeeds', async (t) => {
  const { copy, dist, env, write, build, entries } = setting(
    t,
    'cp /bin/true vmlinux && touch begun && sleep 300',
  )
  const killed = spawn(node, ['build/kernel.ts'], {
    cwd: copy.path,
    env: { ...process.env, ...env },
    detached: true,
    stdio: 'ignore',
  })
  await until('it compiles', () => {
    if (killed.exitCode !== null) throw new Error(`the build ended with ${killed.exitCode}`)
    return existsSync(join(dist, '.unfinished-kernel/result-tree/objects/begun'))
  })
  process.kill(-(killed.pid ?? 0), 'SIGKILL')
  await once(killed, 'close')
  t.same(
    readdirSync(dist).filter((name) => name !== 'logs' && !name.startsWith('.unfinished')),
    [],
    'no artefact and no record',
  )
  t.same(entries(), [], 'nothing in the cache')
  write('cp /bin/true vmlinux')
  const again = build()
  t.equal(again.status, 0, again.output)
  t.same(readdirSync(join(dist, 'kernel')).sort(), ['config', 'version', 'vmlinux', 'vmlinuz'])
  t.equal(readFileSync(join(dist, 'kernel/version'), 'utf8'), '0.1.2\n')
  t.notOk(existsSync(join(dist, '.unfinished-kernel')), 'what the killed build left is cleared')
  t.equal(entries().length, 1)
})

await t.test('recompiles an edited source tree, and leaves others alone', (t) => {
  const { dist, write, build, entries } = setting(t, 'cp /bin/true vmlinux')
  const first = build()
  t.equal(first.status, 0, first.output)
  t.match(build().output, 'Kernel unchanged')
  const before = readFileSync(join(dist, 'kernel/vmlinuz'))
  write('cp /bin/false vmlinux # edited')
  const second = build()
  t.equal(second.status, 0, second.output)
  t.notOk(readFileSync(join(dist, 'kernel/vmlinuz')).equals(before))
  t.equal(entries().length, 2)
  const record = JSON.parse(readFileSync(join(dist, 'kernel.json'), 'utf8')) as {
    artefacts: { inputs: Record<string, string> }[]
  }
  t.match(record.artefacts[0]?.inputs['source'], /^tree [0-9a-f]{64}$/, 'the manifest gets to know which')
  t.end()
})
