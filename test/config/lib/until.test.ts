import t from 'tap'
import { until } from '../../../config/lib/until.ts'

await t.test('until returns what it found, or undefined at the limit', async (t) => {
  let checks = 0
  t.equal(await until(() => ++checks === 3 && 'third', { timeoutMs: 60_000, everyMs: 1 }), 'third')
  t.equal(await until(() => false, { timeoutMs: 5, everyMs: 1 }), undefined)
  t.equal(await until(() => true, { timeoutMs: 5, signal: AbortSignal.abort() }), undefined)
})
