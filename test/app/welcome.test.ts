import t from 'tap'
import { duration, escape } from '../../app/welcome.ts'

await t.test('durations', async (t) => {
  t.equal(duration(0.4), '0 s')
  t.equal(duration(59.9), '59 s')
  t.equal(duration(3600), '1 h')
  t.equal(duration(3 * 3600 + 12 * 60 + 5), '3 h 12 min')
  t.equal(duration(90_061), '1 d 1 h')
})

await t.test('text in HTML', async (t) => {
  t.equal(escape('<b a="1">&'), '&lt;b a=&quot;1&quot;>&amp;')
})
