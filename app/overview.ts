import { gather } from '#nodeos/gather'
import { type Stats, sum } from '#nodeos/stats'
import type { Balancer } from './balancer.ts'

/** One backend as one process counts, or all of them together. */
export type View = ReturnType<typeof viewsOf>[number]

/** The figures of all processes. */
export interface Overview {
  /** Whether this one checks the backends, for all: the first of those that live. */
  isChecker: () => boolean
  /** All processes together, and how many they are. */
  look: () => { processes: number; views: View[] }
}

/** Tells the other processes how the backends are doing here, and hears how they do there. */
export function watchProcesses(balancer: Balancer): Overview {
  const others = gather(() => {
    // Without an admin port nobody reads figures: an empty list shows that this process is alive.
    if (balancer.config.admin.port === undefined) return []
    for (const { backend } of balancer.backends()) backend.counter.tick()
    return viewsOf(balancer)
  })
  return {
    isChecker: () => others().every(({ pid }) => pid > process.pid),
    look() {
      const told = others()
      const views = viewsOf(balancer).map((own) => {
        const same = ({ pool, address }: View): boolean => pool === own.pool && address === own.address
        return { ...own, ...told.flatMap(({ told }) => told.filter(same)).reduce<Stats>(sum, own) }
      })
      return { processes: 1 + told.length, views }
    },
  }
}

function viewsOf(balancer: Balancer) {
  return balancer.backends().map(({ pool, backend: { address, weight, state, verdict, counter } }) => ({
    ...{ pool: pool.name, address, weight, state },
    reason: state === 'up' ? null : (verdict.reason ?? null),
    ...counter.snapshot(),
  }))
}
