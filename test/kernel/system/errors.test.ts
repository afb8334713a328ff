import t from 'tap'
import { isOwn, reasonOf } from '../../../kernel/system/errors.ts'

const thrown = (stack: string) => Object.assign(new Error('x'), { stack: `Error: x\n${stack}` })
const self = 'file:///nodeos/system.mjs'

await t.test('whose error it is', async (t) => {
  t.ok(
    isOwn(
      thrown(
        `    at listOnTimeout (node:internal/timers:1:1)\n    at a (${self}:1:2)\n    at b (file:///srv/a.js:1:1)`,
      ),
      self,
    ),
  )
  t.notOk(isOwn(thrown(`    at b (file:///srv/a.js:1:1)\n    at a (${self}:1:2)`), self))
  t.notOk(isOwn(thrown('    at listOnTimeout (node:internal/timers:1:1)'), self))
  t.notOk(isOwn('a string', self))
  t.notOk(isOwn(Object.assign(new Error(`at (${self})`), { stack: undefined }), self))
})

await t.test('reasons', async (t) => {
  t.equal(reasonOf(new Error('why')), 'why')
  t.equal(reasonOf('why'), 'why')
})
