import t from 'tap'
import { alone } from './alone.ts'

await t.test('`fall` bad checks in a row take it out, `rise` good ones in a row bring it back', async (t) => {
  const backend = alone('a:1', 1, { health: { rise: 2, fall: 3 } })
  const states = (checks: string): string =>
    Array.from(checks, (check) => {
      backend.checked(check === '+' ? undefined : 'bad')
      return backend.state === 'up' ? 'U' : 'd'
    }).join('')
  t.equal(states('--+--+---'), 'UUUUUUUUd', 'one good check restarts the count')
  t.equal(backend.verdict.reason, 'bad')
  t.equal(states('+-+-++'), 'dddddU', 'and so does a bad one')
  t.equal(states('---'), 'UUd')
})
