import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { Agent, request } from 'undici'
import { backend, balancer, inFlight, oneRoute, type TestBalancer, until } from './fixture.ts'
import { growth, type Held } from './growth.ts'

const [rounds, perRound, atOnce] = [8, 2500, 25]

const server = await backend(t, (asked, response) => {
  if (asked.url === '/endless') return response.writeHead(200).write('x')
  return asked.resume().on('end', () => response.end('x'.repeat(1000)))
})
const lb = await balancer(t, oneRoute([server]), {
  NODE_OPTIONS: `--expose-gc --import ${join(import.meta.dirname, 'heap-on-signal.ts')}`,
})

/** Requests of every kind, most of them on connections that are used again. */
async function load({ url, port, change }: TestBalancer): Promise<number> {
  const dispatcher = new Agent({ connections: atOnce })
  let good = 0
  const ask = async (index: number): Promise<void> => {
    const method = index % 5 === 0 ? 'POST' : 'GET'
    const body = index % 5 === 0 ? 'x'.repeat(index % 2 === 0 ? 100 : 100_000) : null
    const { statusCode, body: answer } = await request(`${url}/${index}`, { method, body, dispatcher })
    await answer.dump()
    if (statusCode === 200) good += 1
    if (index % 50 === 0) await goAway(port)
    if (index % 100 === 0) await change('PATCH', `/api/pools/web/backends/${server.address}`, { weight: 2 })
  }
  let next = 0
  const client = async (): Promise<void> => {
    while (next < perRound) await ask((next += 1))
  }
  await Promise.all(Array.from({ length: atOnce }, client))
  await dispatcher.close()
  return good
}

/** A client that goes away in the middle of its answer. */
async function goAway(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  socket.destroy()
}

async function held({ process: { pid = 0 }, output }: TestBalancer): Promise<Held> {
  await until('nothing is in flight', async () => (await inFlight(lb)) === 0)
  const said = (): number[] =>
    [...output().matchAll(/^heap in use: (\d+)$/gm)].map(([, bytes]) => Number(bytes))
  const before = said().length
  process.kill(pid, 'SIGUSR2')
  await until('it says how much it uses', () => said().length > before)
  return {
    heapMegabytes: (said().at(-1) ?? 0) / 2 ** 20,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  }
}

await t.test(`${rounds * perRound} requests leave nothing behind`, async (t) => {
  const all: Held[] = []
  for (let round = 0; round < rounds; round++) {
    t.equal(await load(lb), perRound)
    all.push(await held(lb))
  }
  const { heapMegabytes, descriptors } = growth(all)
  // Whatever stays of each request has a hundred bytes at least.
  const most = (100 * perRound) / 2 ** 20
  t.ok(heapMegabytes < most, `${heapMegabytes.toFixed(3)} MB more with every round: ${JSON.stringify(all)}`)
  t.ok(descriptors < 10, `${descriptors} descriptors more with every round`)
})
