import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { certify } from '../../lib/certify.ts'
import { backend, inFlight, until } from '../../lib/balancer.ts'
import { flood, floods } from '../balancer/http2-floods.ts'
import { balance } from '../../lib/balancing-machine.ts'
import { client, keepSending } from '../../lib/load.ts'

const run = promisify(execFile)

const server = await backend(t, (_request, response) => response.end('x'.repeat(1000)))
const { certificate, key } = certify(t, 'x')
const self = await balance(t, 'http2', [server], {
  processes: 1,
  config: {
    listeners: [
      { port: 8080 },
      { port: 8443, protocol: 'https', certificates: [{ certificate: 'env:CRT', key: 'env:KEY' }] },
    ],
  },
  env: { CRT: certificate, KEY: key },
})
const port = self.machine.hostPort(8443)
const control = await self.machine.control()

/** Memory of the app's process. */
async function residentMegabytes(): Promise<number> {
  return (await control.call('status', {})).memory.rss / 2 ** 20
}

await t.test('responds to 500 requests on 4 connections, 8 at a time on each', async (t) => {
  const load = ['-n', '500', '-c', '4', '-m', '8', `https://127.0.0.1:${port}/`]
  const { stdout } = await run('h2load', load)
  t.match(stdout, /requests: 500 total, 500 started, 500 done, 500 succeeded, 0 failed, 0 errored, 0 timeout/)
  t.match(stdout, /status codes: 500 2xx/)
  t.match(stdout, /Application protocol: h2/)
  t.ok(server.count >= 500, 'each went to the backend')
})

await t.test('curl uses HTTP/2 and verifies the certificate', async (t) => {
  const folder = t.testdir({ crt: certificate })
  const format = '%{http_version} %{http_code} %{size_download}'
  const { stdout } = await run('curl', [
    ...['--silent', '--show-error', '--http2', '--output', '/dev/null', '--write-out', format],
    ...['--cacert', join(folder, 'crt'), '--resolve', `x:${port}:127.0.0.1`, `https://x:${port}/`],
  ])
  t.equal(stdout, '2 200 1000')
})

await t.test('ends floods and serves other clients meanwhile', async (t) => {
  const before = await residentMegabytes()
  const good = keepSending(client(self.machine.hostPort(8080), 'keep-alive'))
  for (const [, part] of floods) {
    await Promise.all([flood(port, part, true), flood(port, part, false)])
  }
  await good.stop()
  t.same(good.failures, [], `of ${good.count()}`)
  t.ok(good.count() > 3, `${good.count()} requests`)
  await until('nothing is in flight', async () => ((await inFlight(self)) ?? 9) === 0)
  const grown = (await residentMegabytes()) - before
  t.ok(grown < 100, `${grown} MiB more`)
  t.equal(self.machine.events('node.exited').length, 0)
})
