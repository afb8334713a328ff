import type { Native, RouteOptions } from '../../native/binding.ts'
import { inSubnet } from './ipv4.ts'
import type { RouteSetting, Settings } from './types.ts'

type Kernel = Pick<Native, 'addressAdd' | 'addressDel' | 'linkSet' | 'routeReplace' | 'routeDel'>

/**
 * Makes the interface what `next` says, and takes away what only `previous` said. What is already as it
 * should be stays as it is, so connections live on.
 *
 * @returns what could not be set: the machine runs, but not quite as told
 * @throws when the address cannot be set
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
    // Before the new one is set: an address takes later ones of its subnet with it.
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

/** A replaced route is one with the same destination, whatever its gateway. */
function nameOf({ destination, prefix }: RouteSetting): string {
  return `${destination}/${prefix}`
}

/** Ways on the link come first: others lead over them. */
function inOrder(routes: readonly RouteSetting[]): RouteSetting[] {
  return [
    ...routes.filter(({ gateway }) => gateway === undefined),
    ...routes.filter(({ gateway }) => gateway),
  ]
}

/** The route as the kernel wants it. Clouds that give a /32 have the gateway outside of it, on the link. */
function routeOf(index: number, { address, prefix }: Settings, route: RouteSetting): RouteOptions {
  const outside = route.gateway !== undefined && !inSubnet(route.gateway, address, prefix)
  return { ...route, index, source: address, ...(outside ? { onLink: true } : {}) }
}
