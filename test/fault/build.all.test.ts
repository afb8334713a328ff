import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Checkout, checkout } from '../lib/checkout.ts'
import { until } from '../lib/until.ts'
import { namespaceCommand, noNamespace } from '../kernel/fixtures/namespace.ts'

const node = join(import.meta.dirname, '../../node_modules/.bin/node')

const namespace = namespaceCommand()
const skip = namespace === undefined ? noNamespace : false

/** Runs a command in a copy, as root of a network without a way out and of mounts of its own. */
function runApart(copy: Checkout, argv: string[], env: Record<string, string> = {}) {
  const [command = '', ...rest] = [...(namespace ?? []), ...argv]
  const result = copy.run([command, ...rest], env)
  // What root has left, its user could not remove.
  if (command === 'sudo') copy.run(['sudo', '-n', 'chown', '-R', String(process.getuid?.()), '.'])
  return result
}

/** Lists the results of a build. A stopped one also leaves its log, and a lock and a work folder that the next run removes. */
function finished(dist: string): string[] {
  return existsSync(dist)
    ? readdirSync(dist).filter((name) => !/^\.(lock|unfinished)-/.test(name) && name !== 'logs')
    : []
}

/** What the step before the runtime layer leaves. */
const programs = ['programs', 'programs.json']

/** Whether a process of that group packs a layer. */
function packs(group: number | undefined): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      const [, name, rest = ''] =
        /^\d+ \((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? []
      return name === 'mkfs.erofs' && Number(rest.split(' ')[2]) === group
    } catch {
      return false
    }
  })
}

/** To pack a layer with LZ4 takes seconds, without compression an instant. */
const slow = { NODEOS_IMAGE_COMPRESSION: 'lz4' }

await t.test('a killed build leaves nothing incomplete, and the next one succeeds', async (t) => {
  const copy = checkout()
  t.teardown(() => copy.remove())
  const env = { ...process.env, ...slow, XDG_CACHE_HOME: join(copy.path, 'cache') }
  const dist = join(copy.path, 'dist')
  const build = spawn(node, ['build/runtime.ts'], { cwd: copy.path, env, detached: true, stdio: 'ignore' })
  await until('the layer is packed', () => packs(build.pid))
  process.kill(-(build.pid ?? 0), 'SIGKILL')
  await once(build, 'close')
  t.same(finished(dist).sort(), programs, 'no artefact and no record of the layer')
  const cached = readdirSync(join(copy.path, 'cache/nodeos'))
  t.same(
    cached.filter((name) => !name.startsWith('programs-')),
    [],
    'nothing of it in the cache',
  )
  const again = copy.run([node, 'build/runtime.ts'], { XDG_CACHE_HOME: join(copy.path, 'cache') })
  t.equal(again.status, 0, again.output)
  t.same(finished(dist).sort(), [...programs, 'runtime.erofs', 'runtime.json'])
  t.notOk(existsSync(join(dist, '.unfinished-runtime')), 'what the killed build left is cleared')
})

// Between tools, and while a tool runs, which ends of the same signal.
for (const when of ['between tools', 'while a tool runs'] as const) {
  await t.test(`a build interrupted ${when} reports it, exits with an error and cleans up`, async (t) => {
    const copy = checkout()
    t.teardown(() => copy.remove())
    const env = { ...process.env, ...slow, XDG_CACHE_HOME: join(copy.path, 'cache') }
    const dist = join(copy.path, 'dist')
    const build = spawn(node, ['build/runtime.ts'], {
      cwd: copy.path,
      env,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    build.stderr.on('data', (data: Buffer) => (said += data.toString()))
    const staged = join(dist, '.unfinished-runtime/result-staged/bin/node')
    await until(when, () => (when === 'between tools' ? existsSync(staged) : packs(build.pid)))
    process.kill(-(build.pid ?? 0), 'SIGINT')
    const [status] = (await once(build, 'close')) as [number]
    t.equal(status, 1)
    t.match(said, /interrupted; unfinished files were deleted/)
    t.same(
      readdirSync(dist)
        .filter((name) => name !== 'logs')
        .sort(),
      programs,
    )
  })
}

await t.test('two concurrent builds take turns, and both succeed', async (t) => {
  const copy = checkout()
  t.teardown(() => copy.remove())
  const env = { ...process.env, XDG_CACHE_HOME: join(copy.path, 'cache') }
  const run = async (): Promise<{ status: number; said: string }> => {
    const build = spawn(node, ['build/runtime.ts'], {
      cwd: copy.path,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    build.stderr.on('data', (data: Buffer) => (said += data.toString()))
    const [status] = (await once(build, 'close')) as [number]
    return { status, said }
  }
  const [one, two] = await Promise.all([run(), run()])
  t.equal(one.status, 0, one.said)
  t.equal(two.status, 0, two.said)
  const said = one.said + two.said
  t.match(said, /waiting for another build in /)
  t.match(said, 'Runtime layer unchanged', 'the second finds it made')
  t.same(finished(join(copy.path, 'dist')).sort(), [...programs, 'runtime.erofs', 'runtime.json'])
})

await t.test('builds from the cache without a network', { skip }, (t) => {
  const copy = checkout()
  t.teardown(() => copy.remove())
  const offline = runApart(copy, ['npm', 'run', 'build'])
  t.equal(offline.status, 0, offline.output)
  t.match(offline.output, /Kernel from the cache/)
  t.match(offline.output, /runtime +[\d.]+ MB +cached/)
  t.ok(existsSync(join(copy.path, 'dist/manifest.json')))
  t.end()
})

await t.test('reports a full disk in one message, and leaves nothing incomplete', { skip }, (t) => {
  const copy = checkout()
  t.teardown(() => copy.remove())
  const script =
    'mkdir -p dist && mount -t tmpfs -o size=20m tmpfs dist && node build/runtime.ts; status=$?; ls -A dist; exit $status'
  const full = runApart(copy, ['sh', '-c', script], { XDG_CACHE_HOME: join(copy.path, 'cache') })
  t.equal(full.status, 1, full.output)
  t.match(full.output, /error: .*(disk is full|No space left)/)
  t.notMatch(full.output, /bug:|at async/)
  t.notMatch(full.output, /^runtime\./m)
  t.end()
})

await t.test('the check rejects a disk that is too small', { skip }, (t) => {
  const copy = checkout()
  t.teardown(() => copy.remove())
  const script = 'mkdir -p dist && mount -t tmpfs -o size=20m tmpfs dist && npm run build'
  const full = runApart(copy, ['sh', '-c', script])
  t.equal(full.status, 1, full.output)
  t.match(full.output, /MB free/)
  t.notMatch(full.output, /Packing/)
  t.end()
})

await t.test('an invalid configuration stops the build before anything is written', (t) => {
  const copy = checkout()
  t.teardown(() => copy.remove())
  writeFileSync(
    join(copy.path, 'config/local.json'),
    '{ "machine": { "memroy": 64 }, "hostname": "Bad_Name" }',
  )
  const refused = copy.run(['npm', 'run', 'build'])
  t.equal(refused.status, 1, refused.output)
  t.match(refused.output, /memroy[^]*memory/, 'the nearest valid name')
  t.match(refused.output, /hostname/, 'all errors at once')
  t.match(refused.output, /local\.json/)
  t.same(finished(join(copy.path, 'dist')), [])
  t.end()
})

await t.test('an app that cannot be packed stops the build before the kernel is compiled', (t) => {
  const copy = checkout()
  t.teardown(() => copy.remove())
  const source = join(copy.path, 'linux')
  mkdirSync(source)
  writeFileSync(join(source, 'Makefile'), 'VERSION = 6\n')
  writeFileSync(join(copy.path, 'config/local.json'), JSON.stringify({ kernel: { source } }))
  writeFileSync(join(copy.path, 'app/index.ts'), "import './gone.ts'\n")
  const refused = copy.run([node, 'build/layers.ts'])
  t.equal(refused.status, 1, refused.output)
  t.match(refused.output, /error: app\/index\.ts:1 imports '\.\/gone\.ts', which does not exist/)
  t.notMatch(refused.output, /Compiling/)
  t.end()
})
