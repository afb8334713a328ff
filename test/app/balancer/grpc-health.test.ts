import { once } from 'node:events'
import { createServer as createHttp2 } from 'node:http2'
import t from 'tap'
import { portOf, until } from '../../lib/balancer.ts'
import { balanced, grpcBackend } from './grpc.ts'

await t.test('health checks over HTTP/2: by path, and with the gRPC health protocol', async (t) => {
  const a = await grpcBackend(t, 'a', { hasHealth: true })
  const b = await grpcBackend(t, 'b')
  const pool = { health: { kind: 'grpc', interval: 0.1, timeout: 30, fall: 1, rise: 1 } }
  const { lb } = await balanced(t, [a.address, b.address], { pool })
  const states = async (): Promise<string[]> =>
    (await lb.overview()).pools.flatMap(({ backends }) =>
      backends.map(({ state, reason }) => (reason === null ? state : `${state}: ${reason}`)),
    )
  const lacking = 'down: the health check returned gRPC status 12'
  await until('the one without the service is down', async () => (await states()).join() === `up,${lacking}`)
  a.seen.health = 2
  const unwell = 'down: the health check returned another state than SERVING'
  await until('the one that does not serve is down', async () => (await states())[0] === unwell)
  a.seen.health = 1
  await until('it is up again', async () => (await states())[0] === 'up')

  const web = createHttp2((request, response) =>
    response.writeHead(request.url === '/well' ? 200 : 500).end(),
  )
  await once(web.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => web.close())
  const health = { path: '/well', interval: 0.1, timeout: 30, fall: 1, rise: 1 }
  const address = `127.0.0.1:${portOf(web)}`
  const [well, ill] = [{ ...health }, { ...health, path: '/ill' }]
  const first = await balanced(t, [address], { pool: { health: well } })
  const second = await balanced(t, [address], { pool: { health: ill } })
  await until('it is down by the other path', async () => {
    const [backend] = (await second.lb.overview()).pools[0]?.backends ?? []
    return backend?.reason === 'the health check returned status 500'
  })
  t.equal((await first.lb.overview()).pools[0]?.backends[0]?.state, 'up')
})
