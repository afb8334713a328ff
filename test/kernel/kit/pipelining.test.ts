import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { inTurn } from '../../../kernel/kit/pipelining.ts'

await t.test('nothing begins behind a response that closes the connection', async (t) => {
  const socket = new Socket()
  const begun: string[] = []
  const arrive = (url: string): void =>
    inTurn({ socket, headers: {} } as IncomingMessage, { socket } as unknown as ServerResponse, () =>
      begun.push(url),
    )
  arrive('/')
  socket.end()
  arrive('/behind')
  t.same(begun, ['/'])
})
