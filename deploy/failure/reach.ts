import { type Answer, isLoopback, type Place, placeName } from '../../kernel/contract/probe.ts'
import { eventsOf, firstError, firstOutput, type Line, shown } from './console.ts'
import type { Explanation } from './app.ts'

/** A health check, and how the wait for it ended. */
export interface Checked {
  /** Guest port of the health check, if the machine has one. */
  port: number | undefined
  path: string
  /** Seconds. */
  timeout: number
  /** The machine failed by itself, its process ended, or the time was up. */
  end: 'failed' | 'ended' | 'timed out'
  /** The last response to the check from outside of the machine. */
  answer?: Answer
}

/** Returns where the app listens. */
export function placesOf(lines: readonly Line[]): Place[] {
  return eventsOf(lines, 'app.listening').flatMap(({ address, port, path }): Place[] => {
    if (typeof path === 'string') return [{ path }]
    return typeof port === 'number' ? [{ address: typeof address === 'string' ? address : '::', port }] : []
  })
}

/** The app listens, but not where the health check can reach it. */
export function unreachable(lines: readonly Line[], { port, end }: Checked): Explanation | undefined {
  const places = placesOf(lines)
  if (port === undefined || places.length === 0 || end === 'ended') return undefined
  const events = shown([], lines, ['app.listening', 'health.failed'])
  const here = places.filter((place) => 'port' in place && place.port === port)
  const reachable = here.some((place) => 'port' in place && !isLoopback(place.address))
  if (reachable) return undefined
  const names = places.map(placeName).join(' and ')
  if (here.length > 0)
    return {
      cause: `the app listens on ${here.map(placeName).join(' and ')} only, which cannot be reached from outside: listen on '::'`,
      hint: `For example server.listen(${port}, '::'), or listen({ port: ${port}, host: '::' }); many frameworks read HOST or HOSTNAME: "app": { "env": { "HOST": "::" } }`,
      lines: events,
    }
  const ports = places.flatMap((place) => ('port' in place ? place.port : []))
  if (ports.length === 0)
    return {
      cause: `the app listens on the Unix socket ${names} only, and the health check uses port ${port}`,
      hint: `listen on process.env.PORT (${port}) and the address '::'`,
      lines: events,
    }
  return {
    cause: `the app listens on ${names}, but the health check uses port ${port}`,
    hint: `listen on process.env.PORT (${port}), or set "ports": [{ "guest": ${ports[0]} }] (or health.port) in config/system.json`,
    lines: events,
  }
}

const forStatus = (path: string, status: number): string | undefined => {
  if (status === 404) return `add a route for GET ${path}, or set health.path to one that responds with 200`
  if (status >= 300 && status < 400)
    return `it is a redirect, which the check does not follow: set health.path to a path that responds with 200 itself`
  if (status === 401 || status === 403)
    return `the path needs authorization: exempt it, or set health.path to one that needs none`
  if (status === 400 || status === 421)
    return 'the app may reject the host name or the protocol of the check: its Host header is localhost'
  if (status >= 500) return 'the app itself reports that it is not healthy: its log says why'
  return 'health.path must respond with 200'
}

/** The app listens in the right place and responds wrongly, or not at all. */
export function badResponse(
  lines: readonly Line[],
  { port, path, answer, timeout }: Checked,
): Explanation | undefined {
  const checks = eventsOf(lines, 'health.waiting', 'health.failed').flatMap(({ response }) => response ?? [])
  const isWell = eventsOf(lines, 'health.ok').length > 0
  const status =
    typeof answer === 'number' ? answer : checks.findLast((each): each is number => typeof each === 'number')
  const names = ['app.listening', 'health.waiting', 'health.failed']
  const events = shown(firstError(firstOutput(lines)), lines, names)
  if (status !== undefined && status !== 200 && !(isWell && typeof answer !== 'number')) {
    const hint = forStatus(path, status)
    const cause = `the health check GET ${path} on port ${port} responded with ${status} instead of 200`
    return { cause, ...(hint === undefined ? {} : { hint }), lines: events }
  }
  if (isWell)
    return {
      cause: `the app is healthy inside the machine, but its port ${port} did not respond from outside within ${timeout} s`,
      hint: 'Is the network up, and does the app listen on IPv4 ("::" without ipv6Only, or 0.0.0.0)?',
      lines: shown([], lines, [...names, 'network.up', ...networkEvents, 'health.ok']),
    }
  const reasons: [Answer, string, string][] = [
    [
      'not HTTP',
      'does not respond in HTTP',
      'health.port names the port of another server of the app, one that speaks HTTP',
    ],
    [
      'timed out',
      'accepts connections but does not respond',
      'is the event loop blocked, or does the handler wait for something, such as a database?',
    ],
    [
      'closed',
      'closes connections without a response',
      'does it require a client certificate, or another protocol? health.port names another server of the app',
    ],
  ]
  const found = reasons.find(([response]) => checks.includes(response))
  if (found === undefined) return undefined
  const [, what, hint] = found
  return { cause: `the app ${what} to the health check GET ${path} on port ${port}`, hint, lines: events }
}

const networkEvents = [
  'network.missing',
  'network.pending',
  'network.failed',
  'network.problem',
  'network.lost',
]

/** The machine has no network, so that nothing reaches the app. */
export function noNetwork(lines: readonly Line[], { answer }: Checked): Explanation | undefined {
  if (typeof answer === 'number') return undefined
  const [event] = eventsOf(lines, 'network.missing', 'network.pending', 'network.failed')
  if (event === undefined || eventsOf(lines, 'network.up').length > 0) return undefined
  const events = shown([], lines, networkEvents)
  if (event.event === 'network.missing')
    return {
      cause: `the machine has no network interface (wanted: ${String(event['interface'])})`,
      hint: 'give the machine a virtio network card, or set network.mode to "none" in config/system.json',
      lines: events,
    }
  if (event.event === 'network.pending')
    return {
      cause: `no DHCP server responds on ${String(event['interface'])}: the machine has no address`,
      hint: 'connect it to a network with DHCP, or set network.mode to "static" with an address',
      lines: events,
    }
  return { cause: `the network cannot be set up: ${String(event['reason'])}`, lines: events }
}
