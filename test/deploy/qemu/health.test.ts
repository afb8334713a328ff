import { appendFileSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { isHealthy, watch } from '../../../deploy/qemu/health.ts'
import { awaitEnd } from '../../../deploy/qemu/machine.ts'
import { awaitHealth, type HealthWait } from '../../../deploy/release/health.ts'
import { certify } from '../../lib/certify.ts'
import { limitMs } from '../../lib/until.ts'
import { system } from '../failure/fixture.ts'
import { type StandIn, standIn } from './fixture.ts'
import { freePort } from '../../lib/ports.ts'

const line = { update: () => undefined, done: () => undefined }

/** Waits for health. @returns the URL that responded */
async function health(
  { machine }: Pick<StandIn, 'machine'>,
  { url, timeout = limitMs / 1000, ...wanted }: Partial<HealthWait> & { url?: string; timeout?: number },
): Promise<string | undefined> {
  const watched = watch(machine, url)
  const signal = new AbortController().signal
  const failedConsole = join(dirname(machine.files.console), 'failed-console.log')
  await awaitHealth(watched, { system: system({ timeout }), signal, failedConsole, ...wanted }, line)
  return watched.url()
}

async function listen(t: Test, server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}/healthz?deep=1`
}

/** Responds with 200 to the health check, and with 404 to everything else. */
const respond: RequestListener = ({ url }, response) =>
  void response.writeHead(url === '/healthz?deep=1' ? 200 : 404).end()

function secureServer(t: Test): Server {
  const { certificate, key } = certify(t, 'localhost')
  return createSecureServer({ cert: certificate, key }, respond)
}

await t.test('an app that speaks HTTP', async (t) => {
  const at = await listen(t, createServer(respond))
  t.equal(await health(standIn(t), { url: `http://${at}` }), `http://${at}`)
  t.equal(await health(standIn(t), { url: `http://${at}`, times: 3 }), `http://${at}`)
  t.equal(await isHealthy(`http://${at}`), true)
  t.equal(await isHealthy(`http://${at}0`), false)
})

await t.test('an app that speaks TLS, with a certificate that this host does not trust', async (t) => {
  const at = await listen(t, secureServer(t))
  t.equal(await health(standIn(t), { url: `http://${at}` }), `https://${at}`)
  t.equal(await isHealthy(`https://${at}`), true)
  t.equal(await isHealthy(`http://${at}`), true)
  t.equal(await isHealthy(`https://${at}0`), false)
})

await t.test('a wrong response, or none', async (t) => {
  const url = `http://${await listen(t, createServer(respond))}0`
  await t.rejects(health(standIn(t), { url, timeout: 5 }), {
    message: 'the health check GET /healthz on port 8080 responded with 404 instead of 200',
    hint: /add a route for GET \/healthz[^]*the console is empty$/,
  })
  const closed = `http://127.0.0.1:${await freePort()}/`
  await t.rejects(health(standIn(t), { url: closed, timeout: 1 }), {
    message: 'the machine printed nothing within 1 s',
  })
  t.equal(await isHealthy(closed), false)
})

await t.test('successful checks that are not in a row are not healthy', async (t) => {
  let asked = 0
  const flapping = createServer((_, response) => void response.writeHead(++asked % 2 ? 200 : 503).end())
  const url = `http://${await listen(t, flapping)}`
  await t.rejects(health(standIn(t), { url, times: 2, timeout: 5 }), {
    message:
      /responded with 503 instead of 200; the check is unstable: it passed \d+ times, never 2 times in a row/,
  })
})

await t.test('without a port the console decides', async (t) => {
  await t.rejects(health(standIn(t), { timeout: 1 }), { message: 'the machine printed nothing within 1 s' })
  await health(standIn(t, { console: '{"event":"node.started"}\n' }), {})
})

await t.test('a machine that reports a failure is not waited for', async (t) => {
  const loops =
    '{"stage":"node","event":"node.exited","status":7}\n'.repeat(3) +
    '{"stage":"node","event":"machine.rebooting","cause":"3 ends within 60 s"}\n'
  const fake = standIn(t, { console: loops })
  await t.rejects(health(fake, { timeout: 600 }), {
    message: 'the app ends by itself: it ended 3 times, exit status 7',
    hint: /machine|node\.exited[^]*the whole console: .*failed-console\.log$/,
  })
  t.equal(readFileSync(join(fake.folder, 'failed-console.log'), 'utf8'), loops)
})

await t.test('a machine that ends: what QEMU printed is reported', async (t) => {
  const fake = standIn(t)
  const waiting = health(fake, { timeout: 60 })
  appendFileSync(join(fake.folder, 'qemu.log'), 'qemu: cannot map the guest memory\n')
  fake.end()
  await t.rejects(waiting, {
    message: 'QEMU ended before the machine was healthy: qemu: cannot map the guest memory',
    hint: /the console is empty$/,
  })
  t.equal(await awaitEnd(fake.machine, 0), true)
})

await t.test('an interrupted wait ends at once', async (t) => {
  await t.rejects(health(standIn(t), { timeout: 60, signal: AbortSignal.abort() }), /interrupted/)
})
