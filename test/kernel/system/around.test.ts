import { mkdirSync, readlinkSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { linkZone } from '../../../kernel/system/machine-settings.ts'
import { boot, bundle, type Machine, type Running } from '../fixtures/system.ts'

const folder = t.testdir({})
const system = await bundle(folder)
let machines = 0

async function start(machine: Machine): Promise<Running & { root: string }> {
  const root = join(folder, String(machines++))
  mkdirSync(join(root, 'zoneinfo/Europe'), { recursive: true })
  mkdirSync(join(root, 'zoneinfo/Europe/Berlin'))
  const running = await boot(system, root, machine)
  t.teardown(() => running.child.kill('SIGKILL'))
  return { ...running, root }
}

const esm = { 'package.json': '{"type":"module"}' }

await t.test('memory is the machine’s, in threads and forks, too', async (t) => {
  const print = `console.log(process.constrainedMemory(), process.availableMemory() > 1e6)`
  const { lines, ended } = await start({
    entry: 'index.js',
    app: {
      ...esm,
      'index.js': `import { Worker } from 'node:worker_threads'
        import { fork } from 'node:child_process'
        ${print}
        new Worker(new URL('other.js', import.meta.url)).on('exit', () => fork(new URL('other.js', import.meta.url)))`,
      'other.js': print,
    },
  })
  t.equal(await ended, 0)
  t.strictSame(
    lines,
    Array.from({ length: 3 }, () => `${totalmem()} true`),
  )
})

await t.test('a program that is not found is the app’s own affair, a shell is explained once', async (t) => {
  const { events, lines, ended } = await start({
    entry: 'index.js',
    app: {
      ...esm,
      'index.js': `import { exec, execFile } from 'node:child_process'
        const run = (options) => new Promise((done) => exec('true', options, (error) => done(error?.code)))
        await new Promise((done) => execFile('/bin/nothing', done))
        console.log('before')
        // As in the machine, where /bin/sh does not exist: neither does this folder.
        console.log(await run({ cwd: '/nowhere' }), await run({ cwd: '/nowhere' }))`,
    },
  })
  t.equal(await ended, 0)
  t.strictSame(lines, ['before', 'ENOENT ENOENT'])
  t.equal(events.filter(({ event }) => event === 'shell.missing').length, 1)
})

await t.test('a shell that an app does not expect to fail ends it, as it does anywhere', async (t) => {
  const { events, ended } = await start({
    entry: 'index.js',
    app: {
      ...esm,
      'index.js': `import { spawn } from 'node:child_process'
        spawn('true', { shell: true, cwd: '/nowhere', stdio: 'ignore' })`,
    },
    env: { NODE_OPTIONS: '--no-warnings' },
  })
  t.equal(await ended, 1, 'an error without a listener')
  t.equal(events.filter(({ event }) => event === 'shell.missing').length, 1)
})

await t.test('the time zone of this very machine', async (t) => {
  const app = { ...esm, 'index.js': `console.log('it is', new Date(1.75e12).getHours())` }
  const berlin = await start({ entry: 'index.js', app, firmware: { env: 'TZ=Europe/Berlin\n' } })
  await berlin.line(/^it is 17$/)
  t.equal(readlinkSync(join(berlin.root, 'localtime')), join(berlin.root, 'zoneinfo/Europe/Berlin'))
  t.strictSame(
    berlin.events.filter(({ event }) => event === 'environment.problem'),
    [],
  )
  const wrong = await start({ entry: 'index.js', app, firmware: { env: 'TZ=Europe/Nowhere\n' } })
  const { reason } = await wrong.event('environment.problem')
  t.match(reason, /TZ is not the name of a time zone/)
  t.notMatch(JSON.stringify(wrong.events), /Nowhere/, 'values are not printed')
  t.notOk(linkZone('../etc/passwd', { zones: folder, localtime: join(folder, 'never') }))
})
