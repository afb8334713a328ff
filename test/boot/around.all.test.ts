import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { until } from '../lib/until.ts'
import { boot } from '../lib/machine.ts'

t.setTimeout(30 * 60_000)

/** What programs find around Node, in one machine. */
const machine = await boot(t, 'around', {
  app: { env: { TZ: 'Europe/Berlin' } },
  restart: { backoffInitial: 100 },
})

await t.test('JavaScript, SQLite and the machine use the configured time zone', async (t) => {
  t.same(await machine.get('/zone'), {
    c: '2025-06-15 17:06:40',
    javascript: '17:06:40 GMT+0200',
    link: '/usr/share/zoneinfo/Europe/Berlin',
  })
  t.match(await machine.get('/zone?name=America/Caracas'), {
    c: '2025-06-15 11:06:40',
    javascript: '11:06:40 GMT-0400',
  })
  t.match(await machine.get('/zone?name=US/Pacific'), { c: '2025-06-15 08:06:40' }, 'old names, too')
})

await t.test('Node sees the memory of the machine', async (t) => {
  const { total, free, available, constrained, cpus } = (await machine.get('/memory')) as Record<
    string,
    number
  >
  t.equal(constrained, total)
  t.ok((total ?? 0) > 150 * 2 ** 20)
  t.ok((available ?? 0) > 2 ** 20 && (available ?? 0) < (total ?? 0), `${available} of ${total}`)
  t.ok(Math.abs((available ?? 0) - (free ?? 0)) < 32 * 2 ** 20)
  t.equal(cpus, 1)
})

await t.test('output is not a terminal, and input is empty', async (t) => {
  t.same(await machine.get('/streams'), { tty: [false, false, false], columns: null, stdin: '/dev/null' })
})

await t.test('platform detection finds a Debian-like system', async (t) => {
  t.match(await machine.get('/file?path=/etc/os-release'), /^ID=nodeos\nID_LIKE=debian$/m)
})

await t.test('warns once that the machine has no shell', async (t) => {
  t.equal(await machine.get('/exec'), 'spawn /bin/sh ENOENT')
  t.equal(await machine.get('/exec'), 'spawn /bin/sh ENOENT')
  t.match(await machine.waitFor('shell.missing'), { stage: 'app', hint: /has no shell: use execFile/ })
  t.equal(machine.events('shell.missing').length, 1)
})

await t.test('a flood of log lines blocks nothing; dropped lines are counted', async (t) => {
  const lines = 100_000
  const times: number[] = []
  const flooded = new AbortController()
  const flood = machine.get(`/flood?lines=${lines}`).finally(() => flooded.abort())
  while (!flooded.signal.aborted) {
    const started = Date.now()
    t.equal(await machine.get('/healthz'), 'ok')
    times.push(Date.now() - started)
  }
  t.equal(await flood, lines)
  t.comment(`/healthz during the flood: ${times.join(', ')} ms`)
  t.ok(times.length > 3, 'it responds many times before the flood is over')
  const shown = (): number[] =>
    [...machine.console().matchAll(/^flood (\d+): x{80}\r?$/gm)].map(([, number]) => Number(number))
  await until('the console has the end', () => shown().at(-1) === lines - 1)
  const numbers = shown()
  t.strictSame(
    numbers.slice(0, 1000),
    Array.from({ length: 1000 }, (_, index) => index),
  )
  const dropped = machine.events('log.dropped').reduce((sum, { lines }) => sum + Number(lines), 0)
  t.equal(numbers.length + dropped, lines)
  t.notMatch(machine.console(), /^flood [^\n]*\{"time"/m, 'no event is in the middle of a line')
})

await t.test('corrects the clock within seconds after a pause', async (t) => {
  /** How far behind the clock of this host it is: at least, and at most, since the response takes a while. */
  const behind = async (): Promise<[number, number]> => {
    const asked = Date.now()
    const now = Number(await machine.get('/now'))
    return [asked - now, Date.now() - now]
  }
  await until(
    'the clock is watched',
    async () => Number(/^[\d.]+/.exec(String(await machine.get('/file?path=/proc/uptime')))) > 12,
  )
  const before = await behind()
  const stopped = Date.now()
  await machine.qmp('stop')
  await wait(6000)
  await machine.qmp('cont')
  const pause = (Date.now() - stopped) / 1000
  const { seconds, source } = await machine.waitFor('clock.stepped')
  t.equal(source, 'rtc')
  t.ok(Number(seconds) > 4 && Number(seconds) < pause + 2, `${String(seconds)} s of ${pause} s`)
  const after = await behind()
  t.ok(
    after[0] < before[1] + 2000 && after[1] > before[0] - 2000,
    `${String(before)} ms behind before, ${String(after)} ms after`,
  )
})

await t.test('names an addon that uses an instruction which the CPU lacks', async (t) => {
  await machine.get('/illegal').catch(() => undefined)
  const event = await machine.waitFor('app.killed')
  t.match(event, { stage: 'app', signal: 'SIGILL', in: 'addon.node', cpu: /QEMU/, hint: /-cpu max/ })
  t.match(machine.event('node.exited'), { signal: 4, name: 'Illegal instruction' })
  await machine.waitFor('health.ok', 2)
})
