import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type ClockSource, findClockSource } from '../../../kernel/system/clock.ts'
import { watchClock } from '../../../kernel/system/clock.ts'

await t.test('the source is the PTP device of the hypervisor, else the real-time clock', (t) => {
  const folder = t.testdir({ ptp: { ptp0: { clock_name: 'ENA PHC\n' } } })
  const paths = { ptp: join(folder, 'ptp'), devices: '/dev', rtc: join(folder, 'since_epoch') }
  const native = { clockRead: (path: string) => (path === '/dev/ptp1' ? 1_750_000_000_250.5 : 0) }
  t.equal(findClockSource(native, paths), undefined, 'not that of a network interface')
  writeFileSync(paths.rtc, '1750000000\n')
  t.match(findClockSource(native, paths), { name: 'rtc', coarse: true })
  t.equal(findClockSource(native, paths)?.read(), 1_750_000_000_000)
  mkdirSync(join(paths.ptp, 'ptp1'))
  writeFileSync(join(paths.ptp, 'ptp1/clock_name'), 'KVM virtual PTP\n')
  const ptp = findClockSource(native, paths)
  t.match(ptp, { name: 'ptp', coarse: false })
  t.equal(ptp?.read(), 1_750_000_000_250.5)
  const broken = { clockRead: () => void t.pass() as never }
  t.match(findClockSource(broken, paths), { name: 'rtc' }, 'an unreadable clock is not used')
  t.match(findClockSource(native, { ...paths, ptp: '/none' }), { name: 'rtc' })
  t.end()
})

/** A machine whose time passes when it is told to. */
function machine(name: ClockSource['name'], options: { disciplined?: boolean; broken?: boolean } = {}) {
  const start = 1_750_000_000_000
  /** Milliseconds: of the host since then, and of those the ones in which the machine ran. */
  let [host, ran, wall] = [300, 0, start - 700]
  let timers: { at: number; callback: () => void }[] = []
  const events: [string, Record<string, unknown>][] = []
  const adjusted: number[] = []
  let synchronised = 0
  const coarse = name === 'rtc'
  const source: ClockSource = {
    name,
    coarse,
    read() {
      if (options.broken === true && ran > 0) throw new Error('the clock is gone')
      return start + (coarse ? Math.floor(host / 1000) * 1000 : host)
    },
  }
  const stop = watchClock({
    source,
    native: { clockSet: (ms) => void (wall = ms), clockAdjust: (ms) => void adjusted.push(ms) },
    clock: {
      now: () => ran,
      timer(ms, callback) {
        const timer = { at: ran + ms, callback }
        timers.push(timer)
        return () => void (timers = timers.filter((other) => other !== timer))
      },
    },
    wall: () => wall,
    emit: (_, event, details = {}) => void events.push([event, details]),
    disciplined: () => options.disciplined === true,
    onStep: () => void (synchronised += 1),
  })
  const run = (ms: number, drift = 0): void => {
    for (let i = 0; i < ms; i += 1) {
      ran += 1
      wall += 1
      host += 1 + drift
      const due = timers.filter(({ at }) => at <= ran)
      timers = timers.filter(({ at }) => at > ran)
      for (const { callback } of due) callback()
    }
  }
  return {
    run,
    stop,
    events,
    adjusted,
    timers: () => timers.length,
    synchronised: () => synchronised,
    pause: (ms: number) => void (host += ms),
    /** How far the machine is behind its host. */
    behind: () => start + host - wall,
  }
}

await t.test(
  'after a pause the clock is set by the real-time clock, to a few hundredths of a second',
  (t) => {
    const { run, pause, events, behind, stop, timers } = machine('rtc')
    run(60_000)
    const before = behind()
    t.strictSame(events, [], 'a difference of a second is not corrected')
    pause(31_400)
    run(8000)
    t.equal(events.length, 1)
    const [name, { seconds, source }] = events[0] ?? ['', {}]
    t.match([name, source], ['clock.stepped', 'rtc'])
    t.ok(Math.abs(Number(seconds) - 31.4) < 0.05, `${String(seconds)} s`)
    t.ok(Math.abs(behind() - before) < 50, `${behind() - before} ms`)
    run(600_000)
    t.equal(events.length, 1, 'no steps back and forth')
    pause(-5000)
    run(8000)
    t.match(events[1], ['clock.stepped', { source: 'rtc' }], 'backwards, too')
    t.ok(Math.abs(behind() - before) < 100)
    stop()
    t.equal(timers(), 0)
    t.end()
  },
)

await t.test('a machine that runs slow follows its host', (t) => {
  const { run, events, behind } = machine('rtc')
  run(3_600_000, 0.001)
  t.equal(events.length, 1)
  t.ok(behind() < 3000, `${behind()} ms`)
  t.end()
})

await t.test('a short pause is not corrected by a clock of whole seconds, but by PTP', (t) => {
  const [rtc, ptp] = [machine('rtc'), machine('ptp')]
  for (const { run, pause } of [rtc, ptp]) {
    run(10_000)
    pause(900)
    run(60_000)
  }
  t.strictSame(rtc.events, [])
  t.match(ptp.events, [
    ['clock.stepped', { seconds: 1, source: 'ptp' }],
    ['clock.stepped', { seconds: 0.9, source: 'ptp' }],
  ])
  t.equal(ptp.behind(), 0)
  t.equal(ptp.adjusted.at(-1), 0, 'it drifts to what PTP shows')
  t.end()
})

for (const name of ['rtc', 'ptp'] as const) {
  await t.test(`with a time server, a jump of the ${name} is corrected and the server queried`, (t) => {
    const { run, pause, events, adjusted, synchronised, behind } = machine(name, { disciplined: true })
    run(3_600_000, 0.001)
    t.strictSame([events, adjusted], [[], []], 'a host whose clock drifts is not followed')
    const before = behind()
    pause(10_000)
    run(8000)
    t.match(events, [['clock.stepped', { source: name }]])
    t.ok(Math.abs(behind() - before) < 1100, `${behind() - before} ms`)
    t.equal(synchronised(), 1)
    t.end()
  })
}

await t.test('a clock that can no longer be read is an event, not an error of the app', (t) => {
  const { run, events, timers } = machine('rtc', { broken: true })
  run(10_000)
  t.match(events, [['system.error', { error: "cannot follow the hypervisor's clock: the clock is gone" }]])
  t.equal(timers(), 0)
  t.end()
})
