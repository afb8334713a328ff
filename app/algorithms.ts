import { hash } from 'node:crypto'
import type { PoolConfig } from './config.ts'
import type { Backend } from './backend.ts'

/** Chooses among backends that can take a request; there is at least one, and each has a weight above 0. */
export type Algorithm = (backends: readonly Backend[], client: string) => Backend | undefined

const algorithms: Record<PoolConfig['algorithm'], () => Algorithm> = {
  'round-robin': roundRobin,
  'least-connections': () => leastConnections,
  'power-of-two': () => powerOfTwo,
  'consistent-hash': () => consistentHash,
}

/** A new chooser: round robin remembers whose turn it is. */
export function algorithm(name: PoolConfig['algorithm']): Algorithm {
  return algorithms[name]()
}

/** Smooth weighted round robin: turns are spread evenly, never in bursts. */
function roundRobin(): Algorithm {
  const credits = new WeakMap<Backend, number>()
  return (backends) => {
    let best: Backend | undefined
    let most = -Infinity
    let total = 0
    for (const backend of backends) {
      const credit = (credits.get(backend) ?? 0) + backend.weight
      credits.set(backend, credit)
      total += backend.weight
      if (credit > most) [best, most] = [backend, credit]
    }
    if (best !== undefined) credits.set(best, most - total)
    return best
  }
}

function load({ counter, weight }: Backend): number {
  return (counter.inflight + 1) / weight
}

/** Of equally loaded ones a random one: processes that do not know of each other must not agree. */
function leastConnections(backends: readonly Backend[]): Backend | undefined {
  const least = Math.min(...backends.map(load))
  const idle = backends.filter((backend) => load(backend) === least)
  return idle[Math.floor(Math.random() * idle.length)]
}

/** Two at random, by weight, and the less loaded of them. */
function powerOfTwo(backends: readonly Backend[]): Backend | undefined {
  const [one, other] = [atRandom(backends), atRandom(backends)]
  if (one === undefined || other === undefined) return one
  return one.counter.inflight / one.weight <= other.counter.inflight / other.weight ? one : other
}

function atRandom(backends: readonly Backend[]): Backend | undefined {
  let left = Math.random() * backends.reduce((sum, { weight }) => sum + weight, 0)
  return backends.find(({ weight }) => (left -= weight) < 0) ?? backends.at(-1)
}

/** Weighted rendezvous hashing: a backend that comes or goes moves only its own share of the clients. */
function consistentHash(backends: readonly Backend[], client: string): Backend | undefined {
  let best: Backend | undefined
  let highest = -Infinity
  for (const backend of backends) {
    const score = -backend.weight / Math.log(unitHash(`${client} ${backend.address}`))
    if (score > highest) [best, highest] = [backend, score]
  }
  return best
}

/** A text as a number between 0 and 1, evenly spread. */
function unitHash(text: string): number {
  return (hash('sha1', text, 'buffer').readUInt32LE() + 0.5) / 2 ** 32
}
