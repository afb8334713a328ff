import type { GuestConfig } from '../contract/guest-config.ts'
import { loadNative } from '../native/binding.ts'
import { emit } from './event.ts'
import { bringUp } from './network/start.ts'
import { reasonOf } from './errors.ts'

/** The app is started without an address after this: then it can at least be diagnosed. */
const addressMs = 10_000

const firstRetryMs = 1000
const lastRetryMs = 60_000

/**
 * Brings up the network, for the app to find it there. A network that fails keeps nothing from starting: it is
 * an event, and is tried again in the background.
 *
 * @param hostname the name that was given to this very machine, which DHCP may not replace
 * @param path of the native binding
 */
export async function startNetwork(
  { network, hostname: baked }: Pick<GuestConfig, 'network' | 'hostname'>,
  hostname: string | undefined,
  path: string,
): Promise<void> {
  try {
    const native = loadNative(path)
    const options = {
      hostname: hostname ?? baked,
      hostnameFixed: hostname !== undefined,
      deadlineMs: addressMs,
    }
    await persist(() => bringUp(network, native, emit, options), firstRetryMs)
  } catch (error) {
    emit('node', 'system.error', { error: `cannot load the native binding: ${reasonOf(error)}` })
  }
}

/** Tries at once and, when that fails, again and again in the background. */
async function persist(attempt: () => Promise<unknown>, retryMs: number): Promise<void> {
  try {
    await attempt()
  } catch (error) {
    emit('network', 'network.failed', { reason: reasonOf(error), retry_ms: retryMs })
    setTimeout(() => void persist(attempt, Math.min(retryMs * 2, lastRetryMs)), retryMs).unref()
  }
}
