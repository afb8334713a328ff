import type { Link } from '../../native/binding.ts'
import { applySettings } from './interface.ts'
import { type Client, startClient } from './dhcp/client.ts'
import type { Lease } from './dhcp/lease.ts'
import { forgetLease, loadLease, saveLease } from './dhcp/lease.ts'
import { openWireOn } from './dhcp/client.ts'
import { announce, publish, report, type Session } from './session.ts'
import { leaseSettings } from './dhcp/lease.ts'

/**
 * Starts DHCP on the interface, and resolves once there is an address, or after the session's deadline:
 * then the client goes on in the background. A lease that an earlier process left is taken over as it is.
 */
export async function startDynamic(session: Session, link: Link): Promise<Client> {
  const { native, clock, paths, network } = session
  const lease = loadLease(paths.lease, link.mac)
  const saved = lease && { lease, inUse: isSet(session, link, lease) }
  if (lease !== undefined) session.settings = leaseSettings(network, lease, clock.now())

  return new Promise((resolve) => {
    // The only thing here that keeps the process alive while it waits for an answer.
    const deadline = setTimeout(() => {
      publish(session, undefined)
      session.emit('network', 'network.pending', { interface: link.name, waited_ms: session.deadlineMs })
      resolve(client)
    }, session.deadlineMs)
    const client = startClient({
      identity: { mac: macBytes(link.mac), hostname: session.state.hostname },
      open: openWireOn(native, link.index),
      clock,
      random: Math.random,
      saved,
      onGranted(lease) {
        granted(session, link, lease)
        clearTimeout(deadline)
        resolve(client)
      },
      onLost: (reason) => lost(session, link, reason),
      onError: (error) => report(session, [error.message]),
    })
    if (client.state() !== 'bound' && client.state() !== 'renewing' && client.state() !== 'rebinding') return
    clearTimeout(deadline)
    publish(session, session.settings)
    announce(session, { resumed: true })
    resolve(client)
  })
}

function isSet({ native, clock }: Session, link: Link, lease: Lease): boolean {
  if (lease.expiresAt <= clock.now()) return false
  return native.addresses().some(({ index, address }) => index === link.index && address === lease.address)
}

function granted(session: Session, link: Link, lease: Lease): void {
  const { native, network, clock, paths, settings: previous } = session
  const before = session.state.address
  const next = leaseSettings(network, lease, clock.now())
  try {
    report(session, applySettings(native, link.index, next, previous))
    saveLease(paths.lease, link.mac, lease)
    publish(session, next)
  } catch (error) {
    return report(session, [(error as Error).message])
  }
  const details = { server: lease.server, lease_s: lease.lifetime }
  if (before === session.state.address) session.emit('network', 'network.renewed', details)
  else announce(session, details)
}

function lost(session: Session, link: Link, reason: string): void {
  session.emit('network', 'network.lost', { interface: link.name, address: session.state.address, reason })
  report(session, applySettings(session.native, link.index, undefined, session.settings))
  forgetLease(session.paths.lease)
  publish(session, undefined)
}

function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16))
}
