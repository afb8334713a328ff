import type { Link, Native, RouteOptions } from '../../native/binding.ts'
import { inSubnet } from './ipv4.ts'
import type { RouteSetting, Settings } from './settings.ts'

const pollMs = 20

export interface Found {
  link: Link | undefined
  /** Names of all candidates. */
  candidates: string[]
}

/**
 * Finds the interface with the wanted name, or else the only one, and waits for it if necessary, which is rare: the
 * kernel's drivers are ready before the first process starts.
 */
export async function findInterface(
  native: Pick<Native, 'links'>,
  wanted: string,
  waitMs: number,
): Promise<Found> {
  for (let waited = 0; ; waited += pollMs) {
    const cards = native.links().filter(({ loopback, ethernet }) => ethernet && !loopback)
    const link = cards.find(({ name }) => name === wanted) ?? (cards.length === 1 ? cards[0] : undefined)
    if (link !== undefined || waited >= waitMs) return { link, candidates: cards.map(({ name }) => name) }
    await pause(pollMs)
  }
}

/** Waits at most `waitMs` for the carrier: packets sent before are lost. */
export async function waitForCarrier(
  native: Pick<Native, 'links'>,
  index: number,
  waitMs: number,
): Promise<boolean> {
  for (let waited = 0; ; waited += pollMs) {
    if (native.links().find((link) => link.index === index)?.carrier) return true
    if (waited >= waitMs) return false
    await pause(pollMs)
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

type Kernel = Pick<Native, 'addressAdd' | 'addressDel' | 'linkSet' | 'routeReplace' | 'routeDel'>

/**
 * Changes the settings of the interface from `previous` to `next`. Settings that both have are not touched, so
 * connections survive.
 *
 * @returns settings that failed; the machine runs without them
 * @throws if the address cannot be set
 */
export function applySettings(
  native: Kernel,
  index: number,
  next: Settings | undefined,
  previous: Settings | undefined,
): string[] {
  const problems: string[] = []
  const attempt = (what: () => void, tolerated: readonly string[] = []) => {
    try {
      what()
    } catch (error) {
      if (!tolerated.includes((error as NodeJS.ErrnoException).code ?? ''))
        problems.push((error as Error).message)
    }
  }
  const remove = (from: Settings, routes: readonly RouteSetting[]) => {
    for (const route of routes) attempt(() => native.routeDel(routeOf(index, from, route)), alreadyGone)
  }

  if (previous !== undefined && addressOf(previous) !== (next && addressOf(next))) {
    // Removed before the new one is set: the kernel removes later addresses of the subnet with it.
    remove(previous, previous.routes)
    attempt(() => native.addressDel(index, previous.address, previous.prefix), alreadyGone)
  } else if (previous !== undefined) {
    const kept = new Set(next?.routes.map(nameOf))
    remove(
      previous,
      previous.routes.filter((route) => !kept.has(nameOf(route))),
    )
  }
  if (next !== undefined) {
    const { address, prefix, broadcast, lifetime, mtu } = next
    if (mtu !== undefined && mtu !== previous?.mtu) attempt(() => native.linkSet(index, { mtu }))
    native.addressAdd(index, address, prefix, {
      ...(broadcast === undefined ? {} : { broadcast }),
      ...(lifetime === undefined ? {} : { validLifetime: lifetime, preferredLifetime: lifetime }),
    })
    for (const route of inOrder(next.routes)) attempt(() => native.routeReplace(routeOf(index, next, route)))
  }
  return problems
}

const alreadyGone = ['ESRCH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'ENODEV', 'EINVAL', 'EHOSTUNREACH']

function addressOf({ address, prefix }: Settings): string {
  return `${address}/${prefix}`
}

/** Routes with the same destination replace each other, whatever their gateway. */
function nameOf({ destination, prefix }: RouteSetting): string {
  return `${destination}/${prefix}`
}

/** Sorts routes on the link first, because others depend on them. */
function inOrder(routes: readonly RouteSetting[]): RouteSetting[] {
  return [
    ...routes.filter(({ gateway }) => gateway === undefined),
    ...routes.filter(({ gateway }) => gateway),
  ]
}

/** Converts a route for the kernel. Clouds that assign a /32 have the gateway outside of it, on the link. */
function routeOf(index: number, { address, prefix }: Settings, route: RouteSetting): RouteOptions {
  const outside = route.gateway !== undefined && !inSubnet(route.gateway, address, prefix)
  return { ...route, index, source: address, ...(outside ? { onLink: true } : {}) }
}
