import type { BalancerConfig } from './config.ts'

/** Where the machine's own health is asked for; no backend sees it. */
export const healthPath = '/healthz'

/**
 * Compiles routes into a search: the first that fits a host and a path names the pool.
 *
 * @returns undefined when no route fits
 */
export function router(routes: BalancerConfig['routes']): (host: string, path: string) => string | undefined {
  const compiled = routes.map(({ host, path, pool }) => ({
    pool,
    fitsHost: hostMatcher(host),
    path: path.replace(/\/$/, ''),
  }))
  const asksHost = routes.some(({ host }) => host !== undefined)
  return (host, path) => {
    const name = asksHost ? hostName(host) : ''
    return compiled.find((route) => route.fitsHost(name) && isBelow(path, route.path))?.pool
  }
}

function hostMatcher(host: string | undefined): (name: string) => boolean {
  if (host === undefined) return () => true
  if (!host.startsWith('*.')) return (name) => name === host
  const suffix = host.slice(1)
  return (name) => name.endsWith(suffix) && name.length > suffix.length
}

/** Without port and final dot, in lower case. */
function hostName(host: string): string {
  return host.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase()
}

/** Whether a path is the prefix, or goes on from it at a border. */
function isBelow(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false
  const next = path[prefix.length]
  return next === undefined || next === '/' || next === '?'
}
