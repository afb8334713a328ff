import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { runSync } from '../../../config/lib/run.ts'
import { until } from '../../lib/until.ts'
import {
  compileSanitized,
  childrenOf,
  everyPart,
  launcher,
  processState,
  named,
  type Running,
  shellConf,
} from '../fixtures/init.ts'

const folder = t.testdir({})
const binary = compileSanitized(join(folder, 'init'), everyPart, 'init-host.c')
const { newRoot, start, run } = launcher(folder, binary)

/** The CPU time of a process, in ticks of the kernel. */
function ticks(pid = 0): number {
  return processState(pid)?.jiffies ?? 0
}

/** Waits in a script for the file `go` in its working directory. */
const untilGo = 'while [ ! -e go ]; do sleep 0.05; done'
const go = (root: string): Promise<void> => writeFile(join(root, 'go'), '')
const ready = 'echo ready; while :; do sleep 0.05; done'
const names = (init: Running): unknown[] => init.lines.map(({ event, call }) => event ?? call)

await t.test('events are JSON lines with time, uptime, stage and event first', async (t) => {
  const before = { time: Date.now(), uptime: process.hrtime()[0] }
  const init = run(t, 'exit 0', { 'exit-zero': 'poweroff' })
  t.equal(await init.ended, 'poweroff')
  t.strictSame(names(init), [
    ...['start', 'init.started', 'mount', 'node.exited', 'shutdown.started'],
    ...['settle', 'shutdown.finished', 'poweroff'],
  ])
  const events = init.lines.filter(({ event }) => event !== undefined)
  for (const event of events) {
    t.strictSame(Object.keys(event).slice(0, 4), ['time', 'uptime', 'stage', 'event'])
    t.match(event['time'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const [time, uptime] = [Date.parse(event['time'] as string), event['uptime'] as number]
    t.ok(time >= before.time && time <= Date.now(), event['time'] as string)
    t.ok(uptime >= before.uptime && uptime <= process.hrtime()[0] + 1, 'of the clock that Node has too')
  }
  t.match(named(init.lines, 'node.exited'), [{ stage: 'node', status: 0, ran_ms: Number }])
  t.match(named(init.lines, 'shutdown.started'), [{ cause: 'exit 0' }])
})

await t.test('a crash restarts it with doubled waits, a crash loop reboots', async (t) => {
  const init = run(t, 'exit 3', { 'backoff-initial-ms': 60, 'backoff-max-ms': 150, 'crash-loop-count': 5 })
  t.equal(await init.ended, 'reboot')
  const ends = named(init.lines, 'node.exited')
  t.equal(ends.length, 5)
  t.ok(ends.every(({ status }) => status === 3))
  const waits = named(init.lines, 'node.restarting').map(({ delay_ms: delay }) => Number(delay))
  t.strictSame(waits, [60, 120, 150, 150])
  waits.forEach((wait, index) => {
    const [from, to] = [ends[index]?.['uptime'], ends[index + 1]?.['uptime']] as [number, number]
    t.ok(to - from >= wait / 1000, `waited ${wait} ms`)
  })
  t.match(named(init.lines, 'machine.rebooting'), [{ cause: '5 exits within 60 s' }])
  t.strictSame(named(init.lines, 'shutdown.started'), [])
  t.match(named(init.lines, 'settle'), [{ alone: true }])
})

await t.test('the wait is the initial one again after a long run', async (t) => {
  const init = run(t, 'echo x >> runs; [ $(wc -l < runs) = 3 ] && sleep 1.2; exit 1', {
    'backoff-initial-ms': 20,
    'crash-loop-window-s': 1,
    'crash-loop-count': 4,
    cwd: newRoot(),
  })
  await init.waitFor('node.restarting', 3)
  const ran = named(init.lines, 'node.exited').map(({ ran_ms: ms }) => Number(ms))
  t.ok((ran[2] ?? 0) > 1000)
  // On a host that is busy, an earlier run may be a long one, too.
  const second = (ran[1] ?? 0) > 1000 ? 20 : 40
  t.strictSame(
    named(init.lines, 'node.restarting').map(({ delay_ms: delay }) => delay),
    [20, second, 20],
  )
})

await t.test('ends further apart than the window are no crash loop', async (t) => {
  const init = run(t, 'sleep 1.1; exit 1', { 'crash-loop-window-s': 1, 'crash-loop-count': 2 })
  await init.waitFor('node.restarting', 2)
  init.kill('SIGTERM')
  t.equal(await init.ended, 'poweroff')
})

await t.test('a wait of nothing, and a first wait above the longest', async (t) => {
  const none = run(t, 'exit 1', { 'backoff-initial-ms': 0, 'backoff-max-ms': 0, 'crash-loop-count': 4 })
  const capped = run(t, 'exit 1', { 'backoff-initial-ms': 5000, 'backoff-max-ms': 10 })
  t.same(await Promise.all([none.ended, capped.ended]), ['reboot', 'reboot'])
  t.match(named(none.lines, 'node.restarting'), [{ delay_ms: 0 }, { delay_ms: 0 }, { delay_ms: 0 }])
  t.match(named(capped.lines, 'node.restarting'), [{ delay_ms: 10 }, { delay_ms: 10 }])
})

await t.test('exit 0 restarts it when that is the policy', async (t) => {
  const init = run(t, 'exit 0')
  await init.waitFor('node.restarting', 2)
  t.match(named(init.lines, 'node.exited'), [{ status: 0 }, { status: 0 }])
  t.equal(await init.ended, 'reboot', 'and counts as an end')
})

await t.test('a signal that ended it is named', async (t) => {
  const init = run(t, 'kill -SEGV $$')
  await init.waitFor('node.exited')
  t.match(named(init.lines, 'node.exited')[0], { signal: 11, name: 'Segmentation fault' })
})

const requests: [signal: NodeJS.Signals, cause: RegExp, ending: string][] = [
  ['SIGTERM', /^Terminated$/, 'poweroff'],
  ['SIGINT', /^Interrupt$/, 'poweroff'],
  ['SIGPWR', /^Power failure$/, 'poweroff'],
  ['SIGUSR1', /^reboot request$/, 'reboot'],
]

for (const [signal, cause, ending] of requests) {
  await t.test(`${signal} drains, then: ${ending}`, async (t) => {
    const init = run(t, `trap 'echo drained; sleep 0.3; exit 0' TERM; ${ready}`)
    await init.waitForText('ready')
    init.kill(signal)
    await init.waitFor('shutdown.started')
    init.kill('SIGTERM')
    t.equal(await init.ended, ending)
    t.strictSame(init.texts, ['ready', 'drained'])
    t.match(named(init.lines, 'shutdown.started'), [{ stage: 'shutdown', cause }], 'once')
    t.match(named(init.lines, 'node.exited'), [{ status: 0 }])
    t.equal(named(init.lines, 'node.restarting').length, 0)
    t.strictSame(names(init).slice(-3), ['settle', 'shutdown.finished', ending])
  })
}

await t.test('what ignores SIGTERM is killed at the deadline', async (t) => {
  const init = run(t, `trap '' TERM; ${ready}`, { 'drain-timeout-s': 1 })
  await init.waitForText('ready')
  init.kill('SIGTERM')
  t.equal(await init.ended, 'poweroff')
  const [asked, deadline] = ['shutdown.started', 'shutdown.deadline'].map(
    (name) => named(init.lines, name)[0],
  )
  t.ok((deadline?.['uptime'] as number) - (asked?.['uptime'] as number) >= 1)
  t.match(named(init.lines, 'node.exited'), [{ signal: 9 }])
  t.match(named(init.lines, 'settle'), [{ alone: true }], 'nothing runs when file systems are unmounted')
})

await t.test('a drain during the wait for a restart does not wait', async (t) => {
  const init = run(t, 'exit 1', { 'backoff-initial-ms': 60_000, 'backoff-max-ms': 60_000 })
  await init.waitFor('node.restarting')
  init.kill('SIGTERM')
  t.equal(await init.ended, 'poweroff')
})

await t.test('a stray is reaped', async (t) => {
  const root = newRoot()
  const init = start(t, { conf: shellConf(`(${untilGo} & echo stray $!); ${ready}`, { cwd: root }) }, root)
  await init.waitForText('ready')
  const stray = Number(init.texts.find((text) => text.startsWith('stray'))?.split(' ')[1])
  t.equal(processState(stray)?.parent, init.pid, 'it became a child of init')
  await go(root)
  await until('not even a zombie is left', () => processState(stray) === undefined)
  t.equal(childrenOf(init.pid).length, 1, 'only Node')
  t.equal(named(init.lines, 'node.exited').length, 0)
})

await t.test('what a dead Node leaves behind is gone before the next one starts', async (t) => {
  const init = run(t, '(setsid sleep 100 & echo $!); (trap "" TERM HUP; sleep 100) & echo $!; exit 1')
  await init.waitFor('node.restarting')
  const left = init.texts.map(Number)
  t.ok(left.length >= 2)
  t.strictSame(
    left.slice(0, 2).map((pid) => processState(pid)),
    [undefined, undefined],
  )
  await init.ended
})

await t.test('Node gets its environment, a session, a clean signal mask and nothing else', async (t) => {
  const script =
    'env; read -r stat < /proc/$$/stat; echo "$$ $stat"; grep SigBlk /proc/self/status; ls /proc/$$/fd; pwd'
  const conf = `${shellConf(script, { 'exit-zero': 'poweroff', cwd: '/usr' })}env SECRET=hunter2 3\n`
  const init = start(t, { conf })
  await init.ended
  const [pid = '', ...stat] = init.texts.find((text) => /^\d+ \d+ \(/.test(text))?.split(' ') ?? []
  t.equal(stat[4], pid, 'process group')
  t.equal(stat[5], pid, 'session')
  t.match(
    init.texts.find((text) => text.startsWith('SigBlk')),
    /\b0{16}$/,
  )
  t.strictSame(
    init.texts.filter((text) => /^\d+$/.test(text)),
    runSync(['sh', '-c', 'ls /proc/$$/fd'], { purpose: 'see which files every child of this test has' })
      .trimEnd()
      .split('\n'),
    'no file of init is left open',
  )
  t.equal(init.texts.at(-1), '/usr')
  t.strictSame(init.texts.filter((text) => /^[A-Z]+=/.test(text) && !text.startsWith('PWD=')).toSorted(), [
    'PATH=/usr/bin:/bin',
    'SECRET=hunter2 3',
  ])
  t.notMatch(JSON.stringify(init.lines), /hunter/, 'which no event shows')
})

await t.test('what cannot be started is named, and is a crash loop', async (t) => {
  const missing = start(t, { conf: shellConf('true').replace('arg /bin/sh', 'arg /bin/"missing"') })
  const nowhere = run(t, 'true', { cwd: '/nowhere' })
  t.same(await Promise.all([missing.ended, nowhere.ended]), ['reboot', 'reboot'])
  const error = 'No such file or directory'
  t.match(named(missing.lines, 'node.failed')[0], { stage: 'node', error: `/bin/"missing": ${error}` })
  t.match(named(nowhere.lines, 'node.failed')[0], { error: `/nowhere: ${error}` })
  t.match(named(nowhere.lines, 'node.exited')[0], { status: 127 })
})

await t.test('the power button drains', async (t) => {
  const root = withButton()
  const init = start(t, { conf: shellConf(`trap 'exit 0' TERM; ${ready}`) }, root)
  await init.waitForText('ready')
  await writeFile(join(root, 'dev/button'), 'xp')
  t.equal(await init.ended, 'poweroff')
  t.match(named(init.lines, 'shutdown.started'), [{ cause: 'power button' }])
})

await t.test('a button that goes away costs nothing', async (t) => {
  const root = withButton()
  const init = start(t, { conf: shellConf(`trap 'exit 0' TERM; ${ready}`) }, root)
  await init.waitForText('ready')
  const button = await open(join(root, 'dev/button'), 'w')
  await button.write('x')
  await button.close()
  // A process beside it that only computes tells how long init had the chance to.
  const computing = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' })
  t.teardown(() => computing.kill('SIGKILL'))
  const before = ticks(init.pid)
  await until('the other process has computed', () => ticks(computing.pid) >= 60)
  const spent = ticks(init.pid) - before
  t.ok(spent < 10, `${spent} ticks while the other process had 60`)
  t.equal(named(init.lines, 'shutdown.started').length, 0)
  init.kill('SIGTERM')
  t.equal(await init.ended, 'poweroff')
})

function withButton(): string {
  const root = newRoot()
  mkdirSync(join(root, 'dev'))
  runSync(['mkfifo', join(root, 'dev/button')], { purpose: 'make a power button' })
  return root
}

await t.test('the time zone of the app is the one of the machine', async (t) => {
  const init = start(t, { conf: `${shellConf('exit 0', { 'exit-zero': 'poweroff' })}env TZ=Europe/Berlin\n` })
  await init.ended
  t.match(named(init.lines, 'zone'), [{ name: 'Europe/Berlin' }])
})
