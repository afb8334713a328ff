import { appendFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { awaitHealth, type HealthWait, isWell } from '../../../deploy/targets/local/health.ts'
import { awaitEnd } from '../../../deploy/targets/local/process.ts'
import { certify } from '../../fixtures/certify.ts'
import { freePort } from '../../kernel/fixtures/system.ts'
import { type StandIn, standIn } from './fixture.ts'

const line = { update: () => undefined, done: () => undefined }

/** Waits for health, a second at most; what was answered, or the error. */
async function health(
  { machine }: Pick<StandIn, 'machine'>,
  wanted: Partial<HealthWait>,
): Promise<string | undefined> {
  let answered: string | undefined
  const signal = new AbortController().signal
  const onAnswer = (url: string): void => void (answered = url)
  await awaitHealth(machine, { url: undefined, timeout: 1, signal, onAnswer, ...wanted }, line)
  return answered
}

async function listen(t: Test, server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}/healthz?deep=1`
}

/** Says 200 to the health check, and 404 to everything else. */
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
  t.equal(await isWell(`http://${at}`), true)
  t.equal(await isWell(`http://${at}0`), false)
})

await t.test('an app that speaks TLS, with a certificate that nobody here vouches for', async (t) => {
  const at = await listen(t, secureServer(t))
  t.equal(await health(standIn(t), { url: `http://${at}` }), `https://${at}`)
  t.equal(await isWell(`https://${at}`), true)
  t.equal(await isWell(`http://${at}`), true)
  t.equal(await isWell(`https://${at}0`), false)
})

await t.test('an app that answers badly, or not at all', async (t) => {
  const url = `http://${await listen(t, createServer(respond))}0`
  await t.rejects(health(standIn(t), { url }), {
    message: `the machine was not healthy within 1 s: ${url} answers 404`,
    hint: /nothing was printed/,
  })
  const nobody = `http://127.0.0.1:${await freePort()}/`
  await t.rejects(health(standIn(t), { url: nobody }), { message: /within 1 s: .* does not answer/ })
  t.equal(await isWell(nobody), false)
})

await t.test('good answers that do not come in a row are no health', async (t) => {
  let asked = 0
  const flapping = createServer((_, response) => void response.writeHead(++asked % 2 ? 200 : 503).end())
  const url = `http://${await listen(t, flapping)}`
  await t.rejects(health(standIn(t), { url, times: 2 }), {
    message: /answers 503; it flaps: \d+ answers were good, never 2 in a row/,
  })
})

await t.test('without a port the console tells', async (t) => {
  await t.rejects(health(standIn(t), {}), { message: /within 1 s: the app does not answer/ })
  await health(standIn(t, { console: '{"event":"node.started"}\n' }), {})
})

await t.test('a machine that starts over: by its crash loop, or since it cannot start at all', async (t) => {
  const loops = '{"stage":"node","event":"machine.rebooting","cause":"3 ends within 60 s"}\n'
  await t.rejects(health(standIn(t, { console: loops }), {}), {
    message: 'the app ends again and again: 3 ends within 60 s',
    hint: /machine\.rebooting/,
  })
  const failed =
    '{"stage":"init","event":"init.failed","error":"data: no disk has the label data"}\n' +
    '{"stage":"init","event":"machine.rebooting","cause":"init failed","delay_ms":5000}\n'
  await t.rejects(health(standIn(t, { console: failed }), {}), {
    message: 'the machine cannot start: data: no disk has the label data',
  })
})

await t.test('a machine that ends: what QEMU said is told', async (t) => {
  const fake = standIn(t)
  const waiting = health(fake, { timeout: 60 })
  appendFileSync(join(fake.folder, 'qemu.log'), 'qemu: cannot map the guest memory\n')
  fake.end()
  await t.rejects(waiting, {
    message: 'the machine ended before it was healthy',
    hint: /nothing was printed[^]*QEMU said:\n\nqemu: cannot map the guest memory$/,
  })
  t.equal(await awaitEnd(fake.machine, 0), true)
})

await t.test('an interrupted wait ends at once', async (t) => {
  await t.rejects(health(standIn(t), { timeout: 60, signal: AbortSignal.abort() }), /interrupted/)
})
