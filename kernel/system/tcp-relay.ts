import type { Socket } from 'node:net'
import type { Native } from '../native/binding.ts'

declare global {
  /** What the system offers to apps. It is not there where the app runs on another one. */
  var nodeos: { relay: Relay } | undefined
}

/**
 * Passes bytes between two connections from now on, without an event, a buffer or a callback for each; ends the
 * other when one has ended and all has arrived, and closes both when one is lost or nothing has come for a time.
 *
 * @param idleMs milliseconds, 1 or more
 * @returns whether it does: both must be plain sockets of TCP with nothing left to send; else they are as they were
 */
export type Relay = (one: Socket, other: Socket, idleMs: number) => boolean

/** Where Node keeps what is not in its types. */
interface Handle {
  fd: number
  reading: boolean
  readStart(): void
  readStop(): void
}

/** @param load gives the native binding; called once, when it is first used */
export function makeRelay(load: () => Pick<Native, 'relay' | 'relayStop'>): Relay {
  let native: ReturnType<typeof load> | undefined
  return (one, other, idleMs) => {
    const [handle, otherHandle] = [handleOf(one), handleOf(other)]
    if (handle === undefined || otherHandle === undefined) return false
    const close = (): void => {
      one.destroy()
      other.destroy()
    }
    native ??= load()
    const { relay, relayStop } = native
    const heads = [take(one, handle), take(other, otherHandle)] as const
    let relayed: ReturnType<typeof relay>
    try {
      relayed = relay(handle.fd, heads[0], otherHandle.fd, heads[1], Math.ceil(idleMs), close)
    } catch {
      // The process has no descriptor left, for example: nothing was passed on.
      giveBack(one, handle, heads[0])
      giveBack(other, otherHandle, heads[1])
      return false
    }
    for (const socket of [one, other]) {
      socket.setTimeout(0)
      socket.on('error', close)
      socket.once('close', () => {
        relayStop(relayed)
        close()
      })
    }
    return true
  }
}

function handleOf(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as Socket & { _handle?: Handle | null }
  if (!handle || handle.constructor.name !== 'TCP' || handle.fd < 0) return undefined
  return socket.connecting || socket.writableLength > 0 || !socket.writable ? undefined : handle
}

/** Has JavaScript read no more. @returns what it has read already */
function take(socket: Socket, handle: Handle): Buffer | null {
  const head = socket.read() as Buffer | null
  handle.reading = false
  handle.readStop()
  return head
}

/** Has JavaScript read on, from what it had read already. */
function giveBack(socket: Socket, handle: Handle, head: Buffer | null): void {
  if (head !== null) socket.unshift(head)
  handle.reading = true
  handle.readStart()
}
