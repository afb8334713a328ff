import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:tls'
import t from 'tap'
import { certify } from '../../lib/certify.ts'
import { backend, until } from '../../lib/balancer.ts'
import { balance, inMachine } from '../../lib/balancing-machine.ts'
import { client, http2Client, keepSending } from '../../lib/load.ts'

const rounds = 8

function at(address: string): string {
  return `/api/pools/web/backends/${encodeURIComponent(address)}`
}

await t.test('no request fails while backends and certificates change', async (t) => {
  const [stays, comes, goes] = [await backend(t), await backend(t), await backend(t)]
  const [even, odd, newEven, newOdd] = ['even.example', 'odd.example', 'even.example', 'odd.example'].map(
    (name) => certify(t, name),
  )
  if (!even || !odd || !newEven || !newOdd) throw new Error('no certificates')
  const { machine, change, overview } = await balance(t, 'reload', [stays, goes], {
    config: {
      listeners: [
        { port: 8080 },
        {
          port: 8443,
          protocol: 'https',
          certificates: [
            { certificate: 'env:CRT', key: 'env:KEY' },
            { certificate: 'env:CRT2', key: 'env:KEY2' },
          ],
        },
      ],
    },
    env: { CRT: even.certificate, KEY: even.key, CRT2: odd.certificate, KEY2: odd.key },
  })
  await until('both processes report', async () => (await overview()).processes === 2)
  const [http, https] = [machine.hostPort(8080), machine.hostPort(8443)]
  const loads = [
    client(http, 'keep-alive'),
    client(http, 'new'),
    client(https, 'new', 'https'),
    http2Client(https),
  ].map(keepSending)
  t.teardown(async () => Promise.all(loads.map(async ({ stop }) => stop())))

  const answers: number[] = []
  const make = async (...[method, path, body]: Parameters<typeof change>): Promise<void> => {
    answers.push(await change(method, path, body))
  }
  for (let round = 1; round <= rounds; round++) {
    const before = loads.map(({ count }) => count())
    await make('POST', '/api/pools/web/backends', { address: inMachine(comes), weight: 1 + (round % 3) })
    await make('PATCH', at(inMachine(stays)), { weight: 1 + (round % 5) })
    await make('PUT', '/api/certificates/8443', [newEven, odd, even, newOdd][round % 4])
    await make('PATCH', at(inMachine(goes)), { draining: true })
    await make('DELETE', at(inMachine(goes)))
    await until('every client got a response since', () =>
      loads.every(({ count }, index) => count() > (before[index] ?? 0)),
    )
    await make('POST', '/api/pools/web/backends', { address: inMachine(goes) })
    await make('DELETE', at(inMachine(comes)))
  }
  t.same(new Set(answers), new Set([201, 200, 204]), 'every change was made')

  for (const { stop, failures, count } of loads) {
    await stop()
    t.same(failures, [], `of ${count()}`)
    t.ok(count() >= rounds)
  }
  t.ok(comes.count > 0 && goes.count > 0 && stays.count > 0, 'each had its share')
  for (let i = 0; i < 2; i++) {
    // Of the last rounds, 7 and 8; in both processes.
    t.equal(await shown(https, 'odd.example'), fingerprint(newOdd))
    t.equal(await shown(https, 'even.example'), fingerprint(newEven))
    t.equal(await shown(https, 'elsewhere.example'), fingerprint(newEven))
  }
})

function fingerprint({ certificate }: { certificate: string }): string {
  return new X509Certificate(certificate).fingerprint256
}

/** The certificate that a listener shows to who asks for a name. */
async function shown(port: number, servername: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}
