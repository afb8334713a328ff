import t from 'tap'
import { type Slot, Supervisor } from '../../../kernel/system/supervisor.ts'

const restart = {
  exitZero: 'restart' as const,
  backoffInitial: 100,
  backoffMax: 800,
  crashLoopCount: 4,
  crashLoopWindow: 60,
  drainTimeout: 10,
}
const crash = { pid: 7, status: null, signal: 'SIGSEGV' }

function supervise(count: number, more: { exitZero?: 'restart' | 'poweroff' } = {}) {
  const log: string[] = []
  const slots: Slot[] = []
  let now = 0
  const timers: { at: number; callback: () => void }[] = []
  const supervisor = new Supervisor(
    count,
    { ...restart, ...more },
    {
      now: () => now,
      start: (slot) => {
        slots[slot.number] = slot
        log.push(`start ${slot.number}`)
      },
      later: (ms, callback) => timers.push({ at: now + ms, callback }),
      end: (status) => log.push(`end ${status}`),
      emit: (_stage, event, { delay_ms: delay } = {}) =>
        log.push(typeof delay === 'number' ? `${event} ${delay}` : event),
    },
  )
  supervisor.startAll()
  return {
    supervisor,
    leave: (number: number) => {
      ;(slots[number] as Slot).leaving = true
    },
    end: (number: number, ending = crash) => supervisor.ended(slots[number] as Slot, ending),
    pass: (ms: number) => {
      now += ms
      for (const timer of timers.splice(0)) {
        if (timer.at <= now) timer.callback()
        else timers.push(timer)
      }
    },
    /** What happened since the last look. */
    seen: () => log.splice(0),
  }
}

await t.test('a worker that ends is replaced after its own backoff; the others are left alone', async (t) => {
  const { end, pass, seen } = supervise(2)
  t.strictSame(seen(), ['start 1', 'start 2'])
  pass(20_000)
  end(1)
  t.strictSame(seen(), ['worker.exited 100'])
  pass(99)
  t.strictSame(seen(), [])
  pass(1)
  t.strictSame(seen(), ['start 1'])
  end(1)
  t.strictSame(seen(), ['worker.exited 200'])
  end(2)
  t.strictSame(seen(), ['worker.exited 100'], 'the other slot has not failed before')
})

await t.test('the wait is bounded, and short again after a good run', async (t) => {
  const { end, pass, seen } = supervise(2)
  pass(20_000)
  for (const delay of [100, 200, 400, 800, 800]) {
    seen()
    end(1)
    t.strictSame(seen(), [`worker.exited ${delay}`])
    pass(delay)
  }
  pass(20_000)
  seen()
  end(1)
  t.strictSame(seen(), ['worker.exited 100'])
})

await t.test('no worker is well and they end early over and over: the primary ends', async (t) => {
  const { end, pass, seen } = supervise(2)
  for (let round = 0; round < 3; round++) {
    end(1)
    pass(1000)
  }
  seen()
  end(2)
  t.strictSame(seen(), ['worker.exited', 'workers.failing', 'end 1'])
})

await t.test('early ends that lie far apart are no crash loop', async (t) => {
  const { end, pass, seen } = supervise(1)
  for (let round = 0; round < 12; round++) {
    pass(9000)
    end(1)
    pass(12_000)
  }
  t.notOk(seen().includes('end 1'))
})

await t.test('status 0 is an end of work when the machine is to power off then', async (t) => {
  const done = { pid: 7, status: 0, signal: null }
  const { end, seen } = supervise(2, { exitZero: 'poweroff' })
  seen()
  end(1, done as never)
  t.strictSame(seen(), ['worker.exited'])
  end(2, done as never)
  t.strictSame(seen(), ['worker.exited', 'end 0'])
})

await t.test('a drain replaces nothing and ends with the last worker', async (t) => {
  const { supervisor, end, pass, seen } = supervise(2)
  pass(20_000)
  end(1)
  seen()
  supervisor.drain()
  pass(1000)
  t.strictSame(seen(), [], 'the replacement that was waiting is not started')
  end(2)
  t.strictSame(seen(), ['worker.exited', 'end 0'])
})

await t.test('a worker that was asked to leave is replaced at once, and counts for nothing', async (t) => {
  const { supervisor, end, leave, seen } = supervise(1, { exitZero: 'poweroff' })
  seen()
  for (let times = 0; times < 10; times++) {
    leave(1)
    end(1, { pid: 7, status: 0, signal: null } as never)
    t.strictSame(seen(), ['worker.exited', 'start 1'])
  }
  t.equal(supervisor.slots[0]?.starts, 11)
  end(1)
  t.strictSame(seen(), ['worker.exited 100'], 'the next one is a crash again')
  leave(1)
  supervisor.drain()
  t.strictSame(seen(), ['end 0'])
})
