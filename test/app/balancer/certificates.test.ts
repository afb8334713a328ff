import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import { certify } from '../../lib/certify.ts'
import { backend, balancer, oneRoute } from '../../lib/balancer.ts'
import { freePort } from '../../lib/ports.ts'

type Pair = ReturnType<typeof certify>

const port = await freePort()
const one = certify(t, 'one.example')
const two = certify(t, 'two.example', '*.two.example')
const certificates = [
  { certificate: 'env:ONE', key: 'env:ONE_KEY' },
  { certificate: 'env:TWO', key: 'env:TWO_KEY' },
]
const config = {
  ...oneRoute([await backend(t)], { health: { kind: 'none' } }),
  listeners: [{ port: await freePort() }, { port, protocol: 'https', certificates }],
}
const env = { ONE: one.certificate, ONE_KEY: one.key, TWO: two.certificate, TWO_KEY: two.key }

/** Returns the certificate that a client receives for a server name, or without one. */
async function shown(servername?: string): Promise<string> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(servername && { servername }),
  })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

function fingerprint({ certificate }: Pair): string {
  return new X509Certificate(certificate).fingerprint256
}

await t.test('a renewed certificate replaces the one with the same names only', async (t) => {
  const lb = await balancer(t, config, env)
  const put = async (pair: Pair): Promise<number> =>
    (await lb.change('PUT', `/api/certificates/${port}`, pair)).status
  const newer = certify(t, 'one.example')
  t.equal(await put(newer), 204)
  t.equal(await shown('one.example'), fingerprint(newer))
  t.equal(await shown('two.example'), fingerprint(two))
  t.equal(await shown('www.two.example'), fingerprint(two))
  t.equal(await shown(), fingerprint(newer), 'the first is still the first')

  const three = certify(t, 'three.example')
  t.equal(await put(three), 204)
  t.equal(await shown('three.example'), fingerprint(three), 'one for another name is added')
  t.equal(await shown('elsewhere.example'), fingerprint(newer))

  const wider = certify(t, 'three.example', 'two.example', '*.two.example')
  t.equal(await put(wider), 204)
  for (const name of ['two.example', 'www.two.example', 'three.example'])
    t.equal(await shown(name), fingerprint(wider), 'one for more names than an old one')
  const narrower = certify(t, 'three.example')
  t.equal(await put(narrower), 204)
  t.equal(await shown('three.example'), fingerprint(narrower), 'of two for a name the newer')
  t.equal(await shown('two.example'), fingerprint(wider))

  for (const bad of [
    { ...one, key: two.key },
    { ...one, certificate: 'x' },
    { ...one, key: '' },
  ])
    t.equal(await put(bad), 400)
  t.equal(await shown('one.example'), fingerprint(newer))
})

await t.test('restores changes from the file when Node restarts', async (t) => {
  const changes = join(t.testdir({}), 'changes.json')
  const newer = certify(t, 'one.example')
  const start = async (admin: object): ReturnType<typeof balancer> => balancer(t, config, env, admin)
  const weights = async (lb: Awaited<ReturnType<typeof start>>): Promise<number[] | undefined> =>
    (await lb.overview()).pools[0]?.backends.map(({ weight }) => weight)
  const change = async (lb: Awaited<ReturnType<typeof start>>): Promise<void> => {
    t.equal((await lb.change('PUT', `/api/certificates/${port}`, newer)).status, 204)
    t.equal(
      (await lb.change('POST', '/api/pools/web/backends', { address: '127.0.0.1:1', weight: 7 })).status,
      201,
    )
    t.same(await weights(lb), [1, 7])
    lb.process.kill('SIGKILL')
    await once(lb.process, 'close')
  }
  const first = await start({ changes })
  t.equal((await first.overview()).changes, 'kept')
  await change(first)
  t.equal(statSync(changes).mode & 0o777, 0o600, 'keys are in it')
  const second = await start({ changes })
  t.same(await weights(second), [1, 7])
  t.equal(await shown('one.example'), fingerprint(newer))
  t.equal(await shown('two.example'), fingerprint(two))
  t.equal((await second.change('DELETE', '/api/pools/web/backends/127.0.0.1:1')).status, 204)
  second.process.kill('SIGKILL')
  await once(second.process, 'close')
  const third = await start({ changes })
  t.same(await weights(third), [1])
  third.process.kill('SIGKILL')
  await once(third.process, 'close')

  const without = await start({})
  t.equal((await without.overview()).changes, 'lost')
  await change(without)
  t.same(await weights(await start({})), [1])
  t.equal(await shown('one.example'), fingerprint(one))
})
