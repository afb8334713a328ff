import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { runSync } from '../../../config/lib/run.ts'
import { until } from '../../lib/until.ts'
import { compileSanitized, everyPart, launcher, named, type Running, shellConf } from '../fixtures/init.ts'

const folder = t.testdir({})
const binary = compileSanitized(join(folder, 'init'), everyPart, 'init-host.c')
const { newRoot, start, run } = launcher(folder, binary)

/** Waits in a script for the file `go` in its working directory. */
const untilGo = 'while [ ! -e go ]; do sleep 0.05; done'
const go = (root: string): Promise<void> => writeFile(join(root, 'go'), '')
const names = (init: Running): unknown[] => init.lines.map(({ event, call }) => event ?? call)

await t.test('a console that takes nothing does not stop the machine', async (t) => {
  const conf = shellConf('exit 0', { 'exit-zero': 'poweroff' })
  const init = start(t, { conf, stuck: true })
  t.equal(await init.ended, 'poweroff')
  t.strictSame(names(init), ['start', 'mount', 'settle', 'poweroff'])
})

/** A machine whose log is copied into a FIFO that holds a page. */
function runLogging(t: Test, script: string): { init: Running; fifo: string; root: string } {
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
  const init = run(t, `printf 'a question? '; while :; do sleep 0.05; done`, { 'drain-timeout-s': 1 })
  const split = run(t, "printf 'begun, '; sleep 0.4; echo ended; printf 'not'; exit 2")
  await init.waitForUnended('a question? ')
  init.kill('SIGTERM')
  await init.waitFor('shutdown.started')
  t.strictSame(init.texts, ['a question? '])
  await split.waitFor('node.exited')
  t.strictSame(split.texts, ['begun, ended', 'not'])
})
