import { type GuestConfig, healthPort } from '../contract/guest-config.ts'
import { emit, uptime } from './event.ts'
import { type Answer, ask, isLoopback, type Place, placeName } from '../contract/probe.ts'
import { listenersOn } from './servers.ts'

/** Requests from outside come first: connecting to the app takes 15 million instructions of Node and the kernel. */
const firstCheckMs = 100
const firstRetryMs = 50
const lastRetryMs = 1000
/** An app without a port is considered started after this time. */
const uncheckedMs = 1000
/** Interval at which the kernel's list is read, until a child process listens on the port. */
const lookMs = 1000
/** A server that responds on loopback may still be replaced by one that the network reaches. */
const settleMs = 2000

/**
 * Checks the app until its first response with status 200: emits `health.ok`, or `health.failed` after the timeout.
 * After that, only the host checks, from outside. An app that listens on loopback only is never healthy.
 *
 * @param onSettled called once: the app is healthy, timed out, or there is nothing to check
 * @returns a function to call with each place at which the app listens
 */
export function watchHealth(
  { health, ports }: Pick<GuestConfig, 'health' | 'ports'>,
  onSettled: () => void,
): (place: Place) => void {
  const { path, timeout } = health
  const port = healthPort({ health, ports })
  // `performance` would load a part of Node for it: 15 million instructions of each boot.
  const deadline = uptime() + timeout
  const places = new Map<string, Place>()
  const settle = once(onSettled)
  if (port === undefined) {
    setTimeout(settle, uncheckedMs).unref()
    return (place) => void note(places, place)
  }
  const fail = (final = false): void => {
    settle()
    const listening = [...places.keys()]
    emit('health', 'health.failed', {
      path,
      port,
      reason: whyUnreachable([...places.values()], port),
      listening,
      ...(final ? { final } : {}),
    })
  }
  const absent = setTimeout(fail, timeout * 1000).unref()
  let [checked, unreachable] = [false, false]
  const onListening = (place: Place): void => {
    if (!note(places, place) || !isOn(place, port)) return
    clearInterval(look)
    if (checked) return
    const { address } = place
    if (!isLoopback(address)) {
      checked = true
      clearTimeout(absent)
      void checkUntilHealthy({ path, port, deadline, address }).then(settle)
      return
    }
    if (unreachable) return
    unreachable = true
    void failOnLoopback({ path, port, deadline, address })
  }
  const failOnLoopback = async (target: Target): Promise<void> => {
    if (!(await staysOnLoopback(target)) || checked) return
    clearTimeout(absent)
    fail(true)
  }
  const look = setInterval(() => {
    if (uptime() > deadline) clearInterval(look)
    for (const address of listenersOn(port)) onListening({ address, port })
  }, lookMs).unref()
  return onListening
}

/** @returns whether the place is new */
function note(places: Map<string, Place>, place: Place): boolean {
  const name = placeName(place)
  if (places.has(name)) return false
  places.set(name, place)
  emit('app', 'app.listening', place)
  return true
}

function isOn(place: Place, port: number): place is { address: string; port: number } {
  return 'port' in place && place.port === port
}

function whyUnreachable(places: readonly Place[], port: number): string {
  const loopback = places.filter((place) => isOn(place, port)).map(placeName)
  if (loopback.length === 0) return `nothing listens on port ${port}`
  return `the app listens on ${loopback.join(' and ')} only, which cannot be reached from outside`
}

interface Target {
  path: string
  port: number
  deadline: number
  address: string
}

async function checkUntilHealthy({ path, port, deadline, address }: Target): Promise<void> {
  let secure = false
  const seen = new Set<Answer>()
  await pause(firstCheckMs)
  for (let attempt = 1, wait = firstRetryMs; ; attempt++, wait = Math.min(wait * 2, lastRetryMs)) {
    const response = await ask({ port, path, secure }, address)
    if (response === 200) return emit('health', 'health.ok', { path, port, attempts: attempt })
    if (!seen.has(response)) emit('health', 'health.waiting', { path, port, response })
    seen.add(response)
    if (uptime() > deadline)
      return emit('health', 'health.failed', { path, port, attempts: attempt, response })
    // It may expect TLS.
    if (hasNoHttp(response)) secure = !secure
    await pause(wait)
  }
}

/** Returns whether a server on loopback responds, and still does a while later. */
async function staysOnLoopback({ path, port, deadline, address }: Target): Promise<boolean> {
  for (let secure = false; uptime() <= deadline; await pause(lastRetryMs)) {
    const response = await ask({ port, path, secure }, address)
    if (hasNoHttp(response)) secure = !secure
    if (typeof response !== 'number') continue
    await pause(settleMs)
    return typeof (await ask({ port, path, secure }, address)) === 'number'
  }
  return false
}

function hasNoHttp(response: Answer): boolean {
  return response === 'not HTTP' || response === 'closed'
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}
