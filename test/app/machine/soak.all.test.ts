import t from 'tap'
import { backend, inFlight, until } from '../../lib/balancer.ts'
import { growth, type Held } from '../balancer/growth.ts'
import { balance } from '../../lib/balancing-machine.ts'
import { client } from '../../lib/load.ts'

const [rounds, perRound, atOnce] = [6, 100, 10]

/** Prints the memory and descriptors of the app after a garbage collection. */
const measure = `
  require('node:v8').setFlagsFromString('--expose-gc')
  require('node:vm').runInNewContext('gc')()
  JSON.stringify({
    heapMegabytes: process.memoryUsage().heapUsed / 2 ** 20,
    descriptors: require('node:fs').readdirSync('/proc/self/fd').length,
  })`

await t.test('uses no more memory and descriptors after each round of requests', async (t) => {
  const server = await backend(t)
  const self = await balance(t, 'soak', [server], { processes: 1 })
  const port = self.machine.hostPort(8080)
  const control = await self.machine.control()
  const resident = async (): Promise<number> => (await control.call('status', {})).memory.rss / 2 ** 20
  const all: Held[] = []
  let before = 0
  for (let round = 0; round < rounds; round++) {
    let [next, good] = [0, 0]
    const send = async (): Promise<void> => {
      const [kept, fresh] = [client(port, 'keep-alive'), client(port, 'new')]
      while ((next += 1) <= perRound) {
        await (next % 4 === 0 ? fresh : kept).send()
        good += 1
      }
      kept.close()
    }
    await Promise.all(Array.from({ length: atOnce }, send))
    t.equal(good, perRound)
    await until('nothing is in flight', async () => (await inFlight(self)) === 0)
    const text = await control.call('repl', { source: measure })
    all.push(JSON.parse(text.slice(1, -1)) as Held)
    if (round === 1) before = await resident()
  }
  const { heapMegabytes, descriptors } = growth(all)
  t.ok(heapMegabytes < 0.3, `${heapMegabytes.toFixed(3)} MB more with every round: ${JSON.stringify(all)}`)
  t.ok(descriptors < 10, `${descriptors} descriptors more with every round`)
  const grown = (await resident()) - before
  t.ok(grown < 50, `${grown} MiB more of the machine's memory`)
})
