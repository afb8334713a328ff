import t from 'tap'
import { ended, eventOf } from './machine.ts'

await t.test('finds the event in a console line', async (t) => {
  t.equal(eventOf('{"time":"2026-01-01T00:00:00.000Z","uptime":1.2,"event":"init.started"}'), 'init.started')
})

for (const line of ['', 'plain output', '{broken', '{"level":30}', '{"event":7}', 'null', '{}']) {
  await t.test(`finds no event in ${JSON.stringify(line)}`, async (t) => {
    t.equal(eventOf(line), undefined)
  })
}

await t.test('an early end shows the last twenty lines of the console', async (t) => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`)
  const { message } = ended(1, lines)
  t.match(message, /status 1\nline 10\n/)
  t.match(message, /line 29$/)
})
