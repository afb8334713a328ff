import { once } from 'node:events'
import { get } from 'node:https'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { readPairs } from '../../../kernel/kit/certificates.ts'
import { secureWebServer, type WebLimits, webServer } from '../../../kernel/kit/web.ts'
import { certify } from '../../lib/certify.ts'
import { limitMs } from '../../lib/until.ts'

const limits: WebLimits = {
  headersMs: limitMs,
  requestMs: limitMs,
  keepAliveMs: limitMs,
  longestMs: limitMs,
  headerBytes: 2048,
  requestsPerConnection: 0,
}

async function listening(
  t: Test,
  server: { listen: (port: number, host: string) => unknown },
): Promise<number> {
  const all = server as ReturnType<typeof webServer>
  all.listen(0, '127.0.0.1')
  t.teardown(() => all.close())
  await once(all, 'listening')
  return (all.address() as AddressInfo).port
}

await t.test('a certificate is there when it is given, and another one from then on', async (t) => {
  const { server, certificates } = secureWebServer(limits, ({ httpVersion }, response) =>
    response.end(`by ${httpVersion}`),
  )
  const port = await listening(t, server)
  const ask = async (ca: string): Promise<string> => {
    const request = get({ port, host: '127.0.0.1', servername: 'site.example', ca, agent: false })
    const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream]
    return text(response)
  }
  const [one, other] = [certify(t, 'site.example'), certify(t, 'site.example')]
  await t.rejects(ask(one.certificate), 'it has none yet')
  for (const { certificate, key } of [one, other]) {
    certificates.replace(
      readPairs([{ certificate: 'env:CRT', key: 'env:KEY' }], { CRT: certificate, KEY: key }),
    )
    t.equal(await ask(certificate), 'by 1.1')
  }
  await t.rejects(ask(one.certificate), 'the old one is shown no more')

  const session = connectHttp2(`https://127.0.0.1:${port}`, {
    ca: other.certificate,
    servername: 'site.example',
  })
  t.teardown(() => session.close())
  t.equal(await text(session.request({ ':path': '/' })), 'by 2.0')
  const long = session.request({ ':path': '/', 'x-long': 'x'.repeat(1900), 'x-more': 'x'.repeat(100) })
  await t.rejects(once(long, 'response'), 'longer headers than it may send')
  t.equal(await text(session.request({ ':path': '/' })), 'by 2.0', 'and its other streams go on')
})

await t.test('a client that does not say what it wants is cut off', async (t) => {
  const server = webServer({ ...limits, headersMs: 300 }, (_request, response) => response.end())
  const port = await listening(t, server)
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
  t.match(await text(socket), /^HTTP\/1\.1 408 /)
})
