import t from 'tap'
import { formatBytes } from '../../../config/lib/units.ts'

await t.test('bytes read well at every size', async (t) => {
  t.same([0, 8200, 51_910_000, 2.3e9].map(formatBytes), ['0.0 kB', '8.2 kB', '51.91 MB', '2.30 GB'])
})
