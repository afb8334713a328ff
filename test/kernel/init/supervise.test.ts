import { spawn } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
} from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { runSync } from '../../../config/lib/run.ts'
import { until } from '../../lib/until.ts'
import {
  compileSanitized,
  everyPart,
  type Machine,
  named,
  type Running,
  shellConf,
  startInit,
} from '../fixtures/init.ts'

const folder = t.testdir({})
const binary = compileSanitized(join(folder, 'init'), everyPart, 'init-host.c')
let machines = 0

/** Starts init in a folder of its own, and sees to it that it ends with the test. */
function start(t: Tap, machine: Machine, root = newRoot()): Running {
  const init = startInit(binary, root, machine)
  init.ended.catch(() => undefined)
  t.teardown(() => {
    const children = childrenOf(init.pid)
    init.kill('SIGKILL')
    for (const pid of children) killIfAlive(pid)
  })
  return init
}

type Tap = { teardown: (handler: () => void) => void }

function newRoot(): string {
  const root = join(folder, `machine-${machines++}`)
  mkdirSync(root)
  return root
}

function run(t: Tap, script: string, settings: Record<string, string | number> = {}): Running {
  return start(t, { conf: shellConf(script, settings) })
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended between the listing and now.
  }
}

/** Parent and state of a process, or undefined when it is gone. */
function processState(pid: number): { state: string; parent: number; jiffies: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return {
      state: fields[0] ?? '',
      parent: Number(fields[1]),
      jiffies: Number(fields[11]) + Number(fields[12]),
    }
  } catch {
    return undefined
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => processState(pid)?.parent === parent)
}

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

await t.test('a console that takes nothing does not stop the machine', async (t) => {
  const conf = shellConf('exit 0', { 'exit-zero': 'poweroff' })
  const init = start(t, { conf, stuck: true })
  t.equal(await init.ended, 'poweroff')
  t.strictSame(names(init), ['start', 'mount', 'settle', 'poweroff'])
})

function withButton(): string {
  const root = newRoot()
  mkdirSync(join(root, 'dev'))
  runSync(['mkfifo', join(root, 'dev/button')], { purpose: 'make a power button' })
  return root
}

/** A machine whose log is copied into a FIFO that holds a page. */
function runLogging(t: Tap, script: string): { init: Running; fifo: string; root: string } {
  const root = newRoot()
  const fifo = join(root, 'log')
  runSync(['mkfifo', fifo], { purpose: 'make a FIFO' })
  const conf = shellConf(script, { 'log-buffer-bytes': 4096, 'exit-zero': 'poweroff', cwd: root })
  return { init: start(t, { conf }, root), fifo, root }
}

/** Reads the content of a FIFO. */
function readFifo(fifo: string): string {
  const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  const text = Buffer.alloc(65_536)
  try {
    return text.toString('utf8', 0, readSync(fd, text))
  } finally {
    closeSync(fd)
  }
}

await t.test('the log goes to the console and into a FIFO, with what came last before the end', async (t) => {
  const script = `echo first; ${untilGo}; echo last words >&2; kill -9 $$`
  const { init, fifo, root } = runLogging(t, script)
  await init.waitForText('first')
  t.equal(readFifo(fifo), 'first\n')
  t.throws(() => readFifo(fifo), { code: 'EAGAIN' }, 'init keeps the other end open')
  await go(root)
  await init.waitFor('node.exited')
  t.equal(init.texts.at(-1), 'last words')
  const [words, event] = readFifo(fifo).split('\n')
  t.equal(words, 'last words')
  t.match(JSON.parse(event ?? ''), { event: 'node.exited', signal: 9 })
})

await t.test('a FIFO that is full costs nothing but the lines, which are counted', async (t) => {
  const { init, fifo, root } = runLogging(
    t,
    `i=0; while [ $i -lt 200 ]; do echo "a line of a good length, and its number is $i"; i=$((i+1)); done; echo full; ${untilGo}; echo more; exec sleep 1000`,
  )
  await init.waitForText('full')
  const held = readFifo(fifo)
  t.ok(held.startsWith('a line of a good length, and its number is 0\n'))
  t.ok(held.length <= 4096)
  t.equal(init.texts.length, 201, 'the console has them all')
  await go(root)
  await init.waitForText('more')
  const copied = held + readFifo(fifo)
  t.ok(copied.endsWith('more\n'), 'there is room again')
  const drops = [...copied.matchAll(/^\{.*"log.dropped","lines":(\d+),"bytes":(\d+)\}$/gm)]
  const dropped = drops.reduce((sum, [, , bytes]) => sum + Number(bytes), 0)
  const lines = drops.reduce((sum, [, lines]) => sum + Number(lines), 0)
  const told = drops.reduce((sum, [line]) => sum + line.length + 2, 0)
  const all = init.texts.reduce((sum, line) => sum + line.length + 1, 0)
  t.equal(copied.length - told + dropped, all)
  t.equal(copied.split('\n').filter((line) => line !== '' && !line.startsWith('{')).length + lines, 202)
})

/** A shell that prints `<name> <number>` so often. */
const flood = (name: string, times: number): string =>
  `i=0; while [ $i -lt ${times} ]; do echo "${name} $i, a line of the length that lines have"; i=$((i+1)); done`

await t.test(
  'a flood that the console does not accept blocks nothing; dropped lines are counted',
  async (t) => {
    const root = newRoot()
    const event = '{"time":"2026-01-01T00:00:00.000Z","uptime":1,"stage":"app","event":"app.marked"}'
    const conf = shellConf(
      `${flood('flood', 20_000)}; echo '${event}'; ${flood('more', 5000)}; echo -n last words; : > ${root}/done; exit 3`,
      { 'crash-loop-count': 1000, 'backoff-initial-ms': 60_000, 'backoff-max-ms': 60_000 },
    )
    const init = start(t, { conf, unread: true }, root)
    await until('the app has written all', () => existsSync(join(root, 'done')))
    init.read()
    await init.waitFor('node.restarting')
    const numbers = init.texts
      .filter((text) => text.startsWith('flood'))
      .map((text) => Number(text.split(/[ ,]/)[1]))
    t.ok(numbers.length > 3000, 'what fits in the queue is there')
    t.strictSame(
      numbers.slice(0, 3000),
      Array.from({ length: 3000 }, (_, index) => index),
      'from its beginning, without a gap',
    )
    t.match(init.texts.at(-1), /^last words$/, 'and what came last')
    t.match(init.texts.at(-2), /^more 4999,/)
    t.ok(
      init.texts.every((text) =>
        /^((flood|more) \d+, a line of the length that lines have|last words)$/.test(text),
      ),
    )
    t.equal(named(init.lines, 'app.marked').length, 1, 'events are kept')
    const dropped = named(init.lines, 'log.dropped').reduce((sum, { lines }) => sum + Number(lines), 0)
    t.ok(dropped > 10_000)
    t.equal(init.texts.length - 1 + dropped, 25_000)
    t.strictSame(names(init).slice(-2), ['node.exited', 'node.restarting'])
  },
)

await t.test('an unfinished line is shown soon, and events have lines of their own', async (t) => {
  const init = run(t, `printf 'a question? '; ${ready.replace('echo ready; ', '')}`, { 'drain-timeout-s': 1 })
  const split = run(t, "printf 'begun, '; sleep 0.4; echo ended; printf 'not'; exit 2")
  await init.waitForUnended('a question? ')
  init.kill('SIGTERM')
  await init.waitFor('shutdown.started')
  t.strictSame(init.texts, ['a question? '])
  await split.waitFor('node.exited')
  t.strictSame(split.texts, ['begun, ended', 'not'])
})

const crashes: [signal: string, flags: string, wanted: object][] = [
  [
    'ILL',
    'fpu sse2 pni cx16 lahf_lm sse4_1x',
    { signal: 'SIGILL', in: 'addon.node', missing: 'popcnt ssse3 sse4_1 sse4_2', hint: /-cpu max/ },
  ],
  ['SEGV', 'cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2', { signal: 'SIGSEGV', missing: '', hint: /addon/ }],
  ['ABRT', '', { signal: 'SIGABRT', in: '', missing: '', hint: /lines above/ }],
]

for (const [signal, flags, wanted] of crashes) {
  await t.test(`SIG${signal} is explained`, async (t) => {
    const root = newRoot()
    for (const folder of ['dev', 'proc']) mkdirSync(join(root, folder))
    const cpu = 'model name\t: A "CPU" of 2003\nvmx flags\t: none\n'
    await writeFile(join(root, 'proc/cpuinfo'), `processor\t: 0\n${cpu}flags\t\t: ${flags}\nbugs\t: no\n`)
    const trap = 'traps: node[77] trap invalid opcode ip:7f01 sp:7ffd error:0 in addon.node[1139,7f00+1000]'
    await writeFile(join(root, 'dev/kmsg'), `6,210,9999999999999999,-;${trap}\n SUBSYSTEM=none\n`)
    const init = start(t, { conf: shellConf(`kill -${signal} $$`) }, root)
    await init.waitFor('app.killed')
    t.match(named(init.lines, 'app.killed')[0], {
      stage: 'app',
      pid: Number,
      cpu: 'A "CPU" of 2003',
      ...wanted,
    })
  })
}

await t.test('a file that the kernel named before Node started is not blamed', async (t) => {
  const root = newRoot()
  mkdirSync(join(root, 'dev'))
  await writeFile(
    join(root, 'dev/kmsg'),
    '6,1,10,-;node[7]: segfault at 0 ip 0 sp 0 error 4 in old.node[1,2+3]\n',
  )
  const init = start(t, { conf: shellConf('kill -SEGV $$') }, root)
  await init.waitFor('app.killed')
  t.match(named(init.lines, 'app.killed')[0], { in: '', cpu: '', missing: '' })
})

await t.test('the time zone of the app is the one of the machine', async (t) => {
  const init = start(t, { conf: `${shellConf('exit 0', { 'exit-zero': 'poweroff' })}env TZ=Europe/Berlin\n` })
  await init.ended
  t.match(named(init.lines, 'zone'), [{ name: 'Europe/Berlin' }])
})
