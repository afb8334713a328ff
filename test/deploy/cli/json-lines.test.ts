import t from 'tap'
import { jsonLines } from '../../../deploy/cli/json-lines.ts'

/** Returns what is printed for a console that arrives in these pieces. */
function printed(pieces: readonly string[]): unknown[] {
  let text = ''
  const lines = jsonLines((some) => (text += some))
  for (const piece of pieces) lines.write(piece)
  lines.end()
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown)
}

const console = '{"event":"node.started","pid":1}\nListening\r\n\n[1]\n{broken\n{"event":"last"}'
const wanted = [
  { event: 'node.started', pid: 1 },
  { text: 'Listening\r' },
  { text: '[1]' },
  { text: '{broken' },
  { event: 'last' },
]

await t.test('events stay as they are, other lines are text, empty ones are left out', async (t) => {
  t.strictSame(printed([console]), wanted)
  t.strictSame(printed([]), [])
})

await t.test('a line that comes in two pieces is one', async (t) => {
  for (let at = 1; at < console.length; at++)
    t.strictSame(printed([console.slice(0, at), console.slice(at)]), wanted, `cut at ${at}`)
  t.strictSame(printed(console.split('')), wanted)
})
