import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { profileCpu, snapshotHeap } from '../../../../kernel/system/control/inspector.ts'

await t.test('a heap snapshot comes in order, one part after the other, however slow', async (t) => {
  const parts: Buffer[] = []
  let sending = 0
  await snapshotHeap(async (part) => {
    t.equal(++sending, 1)
    await wait(parts.length % 50 === 0 ? 2 : 0)
    parts.push(Buffer.from(part))
    sending -= 1
  })
  t.equal(sending, 0)
  const { snapshot } = JSON.parse(Buffer.concat(parts).toString()) as { snapshot: { node_count: number } }
  t.ok(snapshot.node_count > 1000)
})

await t.test('a heap snapshot ends with the one that it is for', async (t) => {
  await t.rejects(
    snapshotHeap(async () => Promise.reject(new Error('the host disconnected'))),
    /host disconnected/,
  )
})

await t.test('a CPU profile', async (t) => {
  let text = ''
  await profileCpu(1, async (part) => {
    text += Buffer.from(part).toString()
  })
  t.ok((JSON.parse(text) as { samples: number[] }).samples.length > 0)
  for (const seconds of [undefined, 0, -1, 601, NaN, '1']) {
    await t.rejects(
      profileCpu(seconds, async () => undefined),
      /seconds must be a number from 0\.1 to 600/,
    )
  }
})
