import t from 'tap'
import { assemblePlaces } from './fixtures/places.ts'
import { guestCommand } from './guest.ts'
import { startCounted } from './machine.ts'
import { until } from '../lib/until.ts'
import { parseCounters, subtract, type Counters } from './plugin.ts'

/** Rounds of a two-instruction loop in test/bench/fixtures/places.S, and room for the code around it. */
const loops = { loader: 2000, kernel: 4000, user: 6000 }
const around = 30

/** The command that boots the fixture. */
function fixture(folder: string, defines: string[], cpus: number): [string, ...string[]] {
  const kernel = assemblePlaces(folder, defines)
  const extra = ['-device', 'isa-debug-exit,iobase=0xf4']
  return guestCommand({ kernel, append: '', disks: [], memory: 64, cpus, extra })
}

function checkLoops(t: Tap, counters: Counters): void {
  for (const place of ['loader', 'kernel', 'user'] as const) {
    const extra = counters[place] - loops[place]
    t.ok(extra > 0 && extra < around, `${place}: ${counters[place]}`)
  }
  t.ok(counters.firmware > 100_000, `firmware: ${counters.firmware}`)
}

type Tap = Pick<typeof t, 'ok'>

for (const cpus of [1, 2]) {
  await t.test(`counts a guest of known length to its end, with ${cpus} vCPUs`, async (t) => {
    const machine = startCounted({ command: fixture(t.testdir(), ['-DEXIT'], cpus) })
    t.equal((await machine.exited) & 1, 1, 'ended through isa-debug-exit')
    checkLoops(t, machine.counters())
    await machine.stop()
  })
}

await t.test('counts are readable while the guest is up', async (t) => {
  const machine = startCounted({ command: fixture(t.testdir(), [], 1) })
  await until('the guest has executed its last loop', () => {
    try {
      return machine.counters().user > loops.user
    } catch (error) {
      t.match(error, { code: 'ENOENT' }, 'the plugin has not created its file yet')
      return false
    }
  })
  checkLoops(t, machine.counters())
  await machine.stop()
})

await t.test('adds up the vCPUs', async (t) => {
  const data = Buffer.alloc(128)
  data.writeBigUInt64LE(1n, 0)
  data.writeBigUInt64LE(20n, 8)
  data.writeBigUInt64LE(300n, 64 + 16)
  data.writeBigUInt64LE(4000n, 64 + 24)
  t.same(parseCounters(data), { total: 4321, firmware: 1, loader: 20, kernel: 300, user: 4000 })
})

await t.test('subtracts part by part', async (t) => {
  const later = { total: 50, firmware: 5, loader: 10, kernel: 15, user: 20 }
  const earlier = { total: 10, firmware: 1, loader: 2, kernel: 3, user: 4 }
  t.same(subtract(later, earlier), { total: 40, firmware: 4, loader: 8, kernel: 12, user: 16 })
})
