import type { Balancer } from './balancer.ts'
import { tell } from './shared.ts'
import { type Stats, sum } from './stats.ts'

const everyMs = 1000
/** A process that says nothing for so long is gone. */
const silenceMs = 5000

/** One backend as one process sees it, or all of them together. */
export type View = ReturnType<typeof viewsOf>[number]

/**
 * Tells the other processes how the backends are doing here, and hears how they do there.
 *
 * @returns what tells of all processes together, and how many they are
 */
export function watchProcesses(balancer: Balancer): () => { processes: number; views: View[] } {
  const others = new Map<number, { at: number; views: View[] }>()
  process.on('message', ({ publish }: { publish?: { pid: number; views: View[] } }) => {
    if (publish !== undefined) others.set(publish.pid, { at: Date.now(), views: publish.views })
  })
  setInterval(() => {
    for (const { member } of balancer.members()) member.counter.tick()
    tell({ publish: { pid: process.pid, views: viewsOf(balancer) } })
  }, everyMs).unref()
  return () => {
    for (const [pid, { at }] of others) if (Date.now() - at > silenceMs) others.delete(pid)
    const told = [...others.values()].flatMap(({ views }) => views)
    const views = viewsOf(balancer).map((own) => {
      const seen = told.filter(({ pool, address }) => pool === own.pool && address === own.address)
      const { state, reason } = [own, ...seen].find(({ state }) => state !== 'up') ?? own
      return { ...own, ...seen.reduce<Stats>(sum, own), state, reason }
    })
    return { processes: 1 + others.size, views }
  }
}

function viewsOf(balancer: Balancer) {
  return balancer
    .members()
    .map(({ pool: { name: pool }, member: { address, weight, state, reason, counter } }) => ({
      ...{ pool, address, weight, state, reason: state === 'up' ? null : (reason ?? null) },
      ...counter.snapshot(),
    }))
}
