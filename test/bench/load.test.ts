import t from 'tap'
import { ResponseReader } from './load.ts'

const take = (text: string) => () => new ResponseReader().take(Buffer.from(text))
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'

await t.test('finds the end of a response, however it is split', async (t) => {
  for (let cut = 1; cut < answer.length; cut++) {
    const reader = new ResponseReader()
    for (let round = 0; round < 2; round++) {
      t.notOk(reader.take(Buffer.from(answer.slice(0, cut))))
      t.ok(reader.take(Buffer.from(answer.slice(cut))))
    }
  }
})

await t.test('rejects another status, a missing length, and bytes after the end', async (t) => {
  t.throws(take('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n'), /503 Busy/)
  t.throws(take('HTTP/1.1 200 OK\r\n\r\n'), /response without content-length/)
  t.throws(take(`${answer}!`), /more bytes than one response/)
})
