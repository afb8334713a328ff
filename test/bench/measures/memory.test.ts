import t from 'tap'
import { leastServing } from './memory.ts'

for (const least of [2, 38, 62, 64, 66, 200, 256]) {
  await t.test(`finds ${least} MiB in few probes`, async (t) => {
    const probed: number[] = []
    const found = await leastServing(async (mebibytes) => {
      probed.push(mebibytes)
      return mebibytes >= least
    })
    t.equal(found, least)
    t.equal(probed[0], 64)
    t.ok(probed.length <= 9, probed.join(' '))
    t.ok(probed.every((mebibytes) => mebibytes > 0 && mebibytes <= 256))
  })
}

await t.test('finds the next even number above an odd limit', async (t) => {
  t.equal(await leastServing(async (mebibytes) => mebibytes >= 39), 40)
})

await t.test('fails when 256 MiB are not enough', async (t) => {
  await t.rejects(
    leastServing(async () => false),
    /256 MiB are not enough to serve 1000 requests/,
  )
})
