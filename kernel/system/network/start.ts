import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GuestConfig, NetworkConfig } from '../../contract/guest-config.ts'
import { type Link, loadNative, type Native } from '../../native/binding.ts'
import { findClockSource, systemClock, watchClock } from '../clock.ts'
import { reasonOf } from '../errors.ts'
import { type Emit, emit } from '../event.ts'
import { startDynamic } from './dynamic.ts'
import { applySettings, findInterface, waitForCarrier } from './interface.ts'
import {
  announce,
  type NetworkPaths,
  networkPaths,
  type NetworkState,
  publish,
  report,
  type Session,
} from './session.ts'
import { staticSettings } from './settings.ts'
import { querySntp, startTimeSync } from './sntp.ts'

/** The app starts without an address after this, so that it can at least be diagnosed. */
const addressMs = 10_000

const firstRetryMs = 1000
const lastRetryMs = 60_000

/**
 * Brings up the network before the app starts. A failure does not keep the app from starting: it is an event, and
 * is retried in the background.
 *
 * @param hostname per-machine name, which DHCP may not replace
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

/** Tries at once, and retries in the background with exponential backoff. */
async function persist(attempt: () => Promise<unknown>, retryMs: number): Promise<void> {
  try {
    await attempt()
  } catch (error) {
    emit('network', 'network.failed', { reason: reasonOf(error), retry_ms: retryMs })
    setTimeout(() => void persist(attempt, Math.min(retryMs * 2, lastRetryMs)), retryMs).unref()
  }
}

export interface BringUpOptions {
  /** The machine's name; DHCP may replace it unless `hostnameFixed`. */
  hostname: string
  /** Whether the name is a per-machine setting (fw_cfg, kernel command line). */
  hostnameFixed?: boolean
  /** Milliseconds to wait for an address; DHCP then continues in the background. 15,000 by default. */
  deadlineMs?: number
  /** Milliseconds to wait for an interface to appear. 2,000 by default. */
  interfaceMs?: number
  paths?: Partial<NetworkPaths>
}

/** The network. It does not keep the process alive. */
export interface Network {
  /** Returns the current state, which changes with leases. */
  state: () => NetworkState
  /** Stops DHCP and time synchronisation. Addresses and routes stay in the kernel. */
  stop: () => void
}

const loopbackIndex = 1
const carrierMs = 5000
/** Time is synchronised after the app has started, so that it does not delay the first response. */
const timeSyncDelayMs = 1000
/** So is the hypervisor's clock, from which the kernel has set its own. */
const clockWatchDelayMs = 4000

/**
 * Brings up loopback and the network interface, and writes the resolver's files. Resolves when the app can use the
 * network, or after the deadline: a missing interface or DHCP server is an event, not an error. The kernel configures
 * IPv6 addresses by itself.
 */
export async function bringUp(
  network: NetworkConfig,
  native: Native,
  emit: Emit,
  options: BringUpOptions,
): Promise<Network> {
  const { hostname, hostnameFixed = false, deadlineMs = 15_000, interfaceMs = 2000 } = options
  const paths = { ...networkPaths, ...options.paths }
  const state: NetworkState = { mode: network.mode, hostname, dns: network.dns, ntp: network.ntp }
  const session: Session = {
    network,
    native,
    emit,
    clock: systemClock,
    hostname,
    hostnameFixed,
    paths,
    deadlineMs,
    state,
  }
  native.setHostname(hostname)
  if (network.ipv6 === 'off') disableIpv6(session)
  native.linkSet(loopbackIndex, { up: true })
  const link = await readyInterface(session, interfaceMs)
  const stopDhcp = await configure(session, link)
  const stopTime = keepTime(session)
  return {
    state: () => session.state,
    stop() {
      stopDhcp()
      stopTime()
    },
  }
}

/** Finds the interface and sets it up; undefined if it is missing or not needed. */
async function readyInterface(session: Session, waitMs: number): Promise<Link | undefined> {
  const { network, native, emit } = session
  if (network.mode === 'none' && network.ipv6 === 'off') return undefined
  const { link, candidates } = await findInterface(
    native,
    network.interface,
    network.mode === 'none' ? 0 : waitMs,
  )
  if (link === undefined) {
    emit('network', 'network.missing', { interface: network.interface, candidates })
    return undefined
  }
  if (link.name !== network.interface) {
    emit('network', 'network.interface', { wanted: network.interface, used: link.name })
  }
  if (!link.up) native.linkSet(link.index, { up: true })
  session.link = link
  return link
}

async function configure(session: Session, link: Link | undefined): Promise<() => void> {
  const { network, native } = session
  if (link === undefined || network.mode === 'none') {
    publish(session, undefined)
    if (link !== undefined) announce(session)
    return () => {}
  }
  if (network.mode === 'static') {
    const settings = staticSettings(network)
    try {
      report(session, applySettings(native, link.index, settings, undefined))
    } catch (error) {
      report(session, [(error as Error).message])
      publish(session, undefined)
      return () => {}
    }
    publish(session, settings)
    announce(session)
    return () => {}
  }
  if (!(await waitForCarrier(native, link.index, carrierMs))) {
    report(session, [`${link.name} has no carrier after ${carrierMs / 1000} s`])
  }
  const client = await startDynamic(session, link)
  return () => client.stop()
}

function disableIpv6({ paths }: Session): void {
  for (const scope of ['all', 'default']) {
    try {
      writeFileSync(join(paths.sysctl, 'net/ipv6/conf', scope, 'disable_ipv6'), '1')
    } catch (error) {
      // The kernel has no IPv6.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** Synchronises the clock with time servers and the hypervisor; a later lease can add servers. */
function keepTime(session: Session): () => void {
  const { native, emit, clock, paths } = session
  let stop = clock.timer(timeSyncDelayMs, () => {
    const time = startTimeSync({
      servers: () => session.state.ntp,
      query: (server) =>
        querySntp(server, { timeout: 3000, wall: Date.now, now: () => clock.now(), nonce: randomNonce }),
      native,
      clock,
      wall: Date.now,
      emit,
    })
    let stopWatch = clock.timer(clockWatchDelayMs, () => {
      const source = findClockSource(native, paths.clocks)
      if (source === undefined) return
      stopWatch = watchClock({
        source,
        native,
        clock,
        wall: Date.now,
        emit,
        disciplined: () => session.state.ntp.length > 0,
        onStep: () => time.syncNow(),
      })
    })
    stop = () => {
      time.stop()
      stopWatch()
    }
  })
  return () => stop()
}

/** Loaded when first needed, which is after boot. */
function randomNonce(): Uint8Array {
  return process.getBuiltinModule('node:crypto').randomBytes(8)
}
