import type { Socket } from 'node:net'
import type { Native } from './binding.ts'

declare global {
  /** The relay of the machine; undefined where an app runs elsewhere. */
  var nodeos: { relay: Relay } | undefined
}

/**
 * Passes bytes between two connections in native code. If one ends, the other ends after it has received everything;
 * if one is lost or both are idle for too long, both are closed.
 *
 * @param idleMs milliseconds, 1 or more
 * @returns false, with the connections unchanged, unless both are plain TCP sockets with nothing left to send
 */
export type Relay = (one: Socket, other: Socket, idleMs: number) => boolean

/** The part of a socket's handle that is not in Node's types. */
interface Handle {
  fd: number
  reading: boolean
  readStart(): void
  readStop(): void
}

/** @param load returns the native binding; called once, on first use */
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
      // No descriptor is left, for example: nothing was passed on.
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

/** Stops reading in JavaScript. @returns data that was already read */
function take(socket: Socket, handle: Handle): Buffer | null {
  const head = socket.read() as Buffer | null
  handle.reading = false
  handle.readStop()
  return head
}

/** Resumes reading in JavaScript, with the data that was already read. */
function giveBack(socket: Socket, handle: Handle, head: Buffer | null): void {
  if (head !== null) socket.unshift(head)
  handle.reading = true
  handle.readStart()
}
