import t from 'tap'
import { Backend } from '../../../app/backend.ts'
import { checked } from '../../../app/config.ts'

await t.test('`fall` bad checks in a row take it out, `rise` good ones in a row bring it back', async (t) => {
  const { a: settings } = checked({ pools: { a: { health: { rise: 2, fall: 3 } } } }).pools
  const backend = new Backend({ address: 'a:1', weight: 1, draining: false }, settings as never)
  const states = (checks: string): string =>
    Array.from(checks, (check) => {
      backend.checked(check === '+' ? undefined : 'bad')
      return backend.state === 'up' ? 'U' : 'd'
    }).join('')
  t.equal(states('--+--+---'), 'UUUUUUUUd', 'a good one between starts the count anew')
  t.equal(backend.reason, 'bad')
  t.equal(states('+-+-++'), 'dddddU', 'and so does a bad one')
  t.equal(states('---'), 'UUd')
})
