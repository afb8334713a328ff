import t from 'tap'
import { countBoot, countUntilExit } from './count.ts'
import { assemblePlaces } from './fixtures/places.ts'
import type { Guest } from './guest.ts'

/** A guest that runs a few loops and then idles, or ends QEMU with status 1. */
function guest(folder: string, defines: string[]): Guest {
  const kernel = assemblePlaces(folder, defines)
  return { kernel, append: '', disks: [], memory: 64, extra: ['-device', 'isa-debug-exit,iobase=0xf4'] }
}

await t.test('a guest that ends badly is not a measurement', async (t) => {
  await t.rejects(countUntilExit(guest(t.testdir(), ['-DEXIT'])), /QEMU ended with status 1/)
})

await t.test('a guest that ends before it serves is noticed at once', async (t) => {
  const started = performance.now()
  await t.rejects(countBoot(guest(t.testdir(), ['-DEXIT'])), /QEMU ended with status 1/)
  await t.rejects(countBoot(guest(t.testdir(), ['-DEXIT']), { ready: /never/ }), /QEMU ended with status 1/)
  t.ok(performance.now() - started < 30_000)
})

await t.test('a guest that never ends, or never serves, is given up', async (t) => {
  const idle = guest(t.testdir(), [])
  await t.rejects(countUntilExit(idle, { timeoutMs: 1000 }), /timed out after 1 s/)
  await t.rejects(countBoot(idle, { timeoutMs: 1000 }), /no 200 response within 1 s/)
  await t.rejects(countBoot(idle, { timeoutMs: 1000, ready: /never/ }), /timed out after 1 s/)
})
