import { once } from 'node:events'
import { connect, createServer, type ServerHttp2Session } from 'node:http2'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { type AddressInfo } from 'node:net'
import { endIdle } from '../../../kernel/kit/http2.ts'
import { until } from '../../lib/until.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

await t.test('a session that ended is no longer in memory, long before its timer would fire', async (t) => {
  const seen: WeakRef<ServerHttp2Session>[] = []
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  server.on('session', (session) => {
    seen.push(new WeakRef(session))
    endIdle(session, { idleMs: 3_600_000, longestMs: 3_600_000 })
  })
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await once(client, 'remoteSettings')
  client.close()
  await once(client, 'close')
  t.equal(seen.length, 1)
  await until('it is collected', () => {
    collect()
    return seen[0]?.deref() === undefined
  })
})
