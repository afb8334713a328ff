import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createServer as createTls } from 'node:tls'
import t from 'tap'
import type { Test } from 'tap'
import { runSync } from '../../../config/lib/run.ts'
import { readRecord, syslogMessage } from '../../../kernel/system/logs/collector.ts'
import { boot, bundle, type Running } from '../fixtures/system.ts'
import { certify } from '../../lib/certify.ts'
import { freePort } from '../../lib/ports.ts'
import { until } from '../../lib/until.ts'

const folder = t.testdir()
const system = await bundle(folder)
let machines = 0

/** A machine that forwards, and what PID 1 would put into its FIFO. */
async function machine(
  t: Test,
  forward: string,
  env: Record<string, string> = {},
): Promise<Running & { log: (text: string) => void }> {
  const root = join(folder, String(machines++))
  mkdirSync(root)
  const fifo = join(root, 'log')
  runSync(['mkfifo', fifo], { purpose: 'make a FIFO' })
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
  const app = { 'index.cjs': "require('node:http').createServer((_, r) => r.end()).listen(process.env.PORT)" }
  const running = await boot(system, root, { entry: 'index.cjs', app, forward, env })
  t.teardown(() => {
    running.child.kill('SIGKILL')
    closeSync(fd)
  })
  return { ...running, log: (text) => void writeSync(fd, text) }
}

/** A collector on a stream, which can go and come back. */
class Collector {
  text = ''
  port = 0
  private readonly sockets = new Set<Socket>()
  private readonly server: Server

  constructor(server: Server, event = 'connection') {
    this.server = server
    server.on(event, (socket: Socket) => {
      this.sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('data', (data: Buffer) => (this.text += data.toString()))
    })
  }

  async start(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1')
    await once(this.server, 'listening')
    this.port = (this.server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await once(this.server, 'close')
  }

  /** The messages, by their lengths. */
  messages(): string[] {
    const found: string[] = []
    for (let rest = Buffer.from(this.text); rest.length > 0;) {
      const space = rest.indexOf(' ')
      const end = space + 1 + Number(rest.subarray(0, space))
      found.push(rest.subarray(space + 1, end).toString())
      rest = rest.subarray(end)
    }
    return found
  }
}

const pinoLine = '{"level":50,"time":1700000000000,"msg":"no"}'
const eventLine = '{"time":"2026-01-02T03:04:05.678Z","uptime":1.5,"stage":"app","event":"worker.exited"}'

await t.test('a line becomes a message of RFC 5424', (t) => {
  const now = new Date('2026-05-06T07:08:09.123Z')
  const message = (text: string): string => syslogMessage(readRecord(text, now), 'web-1')
  t.equal(message('a word'), '<14>1 2026-05-06T07:08:09.123Z web-1 nodeos - - - a word')
  t.equal(message(eventLine), `<14>1 2026-01-02T03:04:05.678Z web-1 nodeos - worker.exited - ${eventLine}`)
  t.equal(message(pinoLine), `<11>1 2023-11-14T22:13:20.000Z web-1 nodeos - - - ${pinoLine}`)
  t.match(message('{"level":20}'), /^<15>1 2026/)
  t.match(message('{"level":40,"time":"never"}'), /^<12>1 2026/)
  t.match(message('{"level":60,"event":"two words"}'), /^<10>1 \S+ web-1 nodeos - - - /)
  t.match(message('{not JSON'), /^<14>.* - \{not JSON$/)
  t.match(message('null'), /^<14>/)
  t.end()
})

await t.test('syslog over TCP, through an outage of the collector', async (t) => {
  const collector = new Collector(createServer())
  await collector.start()
  const { log, event, events, port } = await machine(t, `syslog+tcp://localhost:${collector.port}`)
  log(`${eventLine}\nhalf a `)
  log('line, größer als ASCII\n')
  await until('both came', () => collector.messages().length === 2)
  t.ok(collector.messages()[0]?.endsWith(eventLine))
  t.ok(collector.messages()[1]?.endsWith(` ${hostname()} nodeos - - - half a line, größer als ASCII`))

  await collector.stop()
  log('into the void\n')
  for (let i = 0; i < 100; i++) log(`waits ${i}\n`)
  t.match(await event('logs.failing'), {
    collector: `localhost:${collector.port}`,
    reason: /ECONNREFUSED|ended/,
  })
  t.ok((await fetch(`http://127.0.0.1:${port}/`)).ok, 'the app goes on')
  collector.text = ''
  await collector.start()
  await event('logs.forwarding')
  await until('all came', () => collector.text.includes('waits 99'))
  const waited = collector.messages().filter((message) => message.includes(' - waits '))
  t.equal(waited.length, 100, 'none is lost, none comes twice')
  t.equal(events.filter(({ event }) => event === 'logs.failing').length, 1, 'said once')
  await collector.stop()
})

await t.test('syslog over TLS, only to who is who he says', async (t) => {
  const { certificate, key, file } = certify(t, 'localhost')
  const server = createTls({ key, cert: certificate })
  const collector = new Collector(server, 'secureConnection')
  await collector.start()
  const url = `syslog+tls://localhost:${collector.port}`
  const trusting = await machine(t, url, { NODE_EXTRA_CA_CERTS: file })
  trusting.log('secret\n')
  await until('it came', () => collector.text.endsWith('secret'))
  const wary = await machine(t, url)
  wary.log('not for strangers\n')
  t.match(await wary.event('logs.failing'), { reason: /self.signed/ })
  t.notMatch(collector.text, /strangers/)
  await collector.stop()
})

await t.test('syslog over UDP', async (t) => {
  const socket = createSocket('udp4')
  const datagrams: string[] = []
  socket.on('message', (message) => datagrams.push(message.toString())).bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { log } = await machine(t, `syslog+udp://127.0.0.1:${socket.address().port}`)
  log(`one\n${'x'.repeat(3000)}\n`)
  await until('both came', () => datagrams.length === 2)
  t.match(datagrams[0], /^<14>1 .* - one$/)
  t.equal(datagrams[1]?.length, 2048, 'what is too long for a datagram is cut')
  socket.close()
})

await t.test('HTTP: objects, one a line; tried again unless it is refused', async (t) => {
  const answers = [503, 400]
  const bodies: string[] = []
  const server = createHttp((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      bodies.push(body)
      response.writeHead(answers.shift() ?? 204).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { log, event } = await machine(t, 'env:LOG_URL', { LOG_URL: `http://127.0.0.1:${port}/in?key=hush` })
  log(`${pinoLine}\na word\n`)
  t.match(await event('logs.failing'), {
    collector: `127.0.0.1:${port}`,
    reason: 'the collector responded with 503',
  })
  await until('it was tried again', () => bodies.length === 2)
  t.equal(bodies[1], bodies[0])
  const [line, word] = (bodies[0] ?? '')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  t.same(line, { host: hostname(), level: 50, time: 1_700_000_000_000, msg: 'no' })
  t.match(word, { host: hostname(), message: 'a word', time: /^20.*Z$/ })
  log('after it was refused\n')
  await event('logs.forwarding')
  t.match(bodies[2], /after it was refused/)
  t.equal(bodies.length, 3, 'what is refused is not tried again')
  server.closeAllConnections()
  server.close()
})

await t.test('a variable that is not set, or is no URL, is said', async (t) => {
  const { event } = await machine(t, 'env:NOT_SET')
  t.match(await event('logs.failing'), { reason: /^logs.forward: env:NOT_SET must be set to a URL/ })
  const other = await machine(t, 'env:ODD', { ODD: `ftp://127.0.0.1:${await freePort()}/hush` })
  const said = await other.event('logs.failing')
  t.notMatch(JSON.stringify(said), /hush/)
})
