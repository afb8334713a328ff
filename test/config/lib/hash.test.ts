import t from 'tap'
import { hashText, uuidOf } from '../../../config/lib/hash.ts'

await t.test('a UUID is made of the hash alone, of version 8 and variant 1', (t) => {
  t.equal(uuidOf('f'.repeat(64)), 'ffffffff-ffff-8fff-bfff-ffffffffffff')
  t.equal(uuidOf('0'.repeat(64)), '00000000-0000-8000-8000-000000000000')
  t.not(uuidOf(hashText('runtime')), uuidOf(hashText('app')))
  t.end()
})
