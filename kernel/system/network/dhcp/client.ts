import { closeSync } from 'node:fs'
import type { Native } from '../../../native/binding.ts'
import type { Clock } from '../../clock.ts'
import type { Lease } from './lease.ts'
import { decode, encode, type Identity, type Message } from './message.ts'
import { advance, begin, type State, type Step, wakeAt } from './state-machine.ts'

/** A socket on the DHCP client port of one interface. It does not keep the process alive. */
export interface Wire {
  send(bytes: Uint8Array, to: string): void
  close(): void
}

/** Opens a socket; failures after that go to `onError`. */
export type OpenWire = (onData: (bytes: Uint8Array) => void, onError: (error: Error) => void) => Wire

export interface ClientOptions {
  identity: Identity
  open: OpenWire
  clock: Clock
  /** 0 ≤ x < 1. */
  random: () => number
  /** The lease of an earlier process, and whether its address is still set. */
  saved?: { lease: Lease; inUse: boolean } | undefined
  onGranted(lease: Lease): void
  onLost(reason: 'expired' | 'refused'): void
  /** Reports an error, after which the client retries. */
  onError(error: Error): void
}

export interface Client {
  /** Returns the state, e.g. `bound`. */
  state(): State['name']
  /** Stops the client; the granted address stays set. */
  stop(): void
}

/** Starts a DHCP client: the state machine with a clock and a socket, which is open only while a response is due. */
export function startClient(options: ClientOptions): Client {
  const { clock, identity, random } = options
  const context = () => ({ now: clock.now(), random, identity })
  let wire: Wire | undefined
  let cancelTimer: (() => void) | undefined

  const closeWire = () => {
    wire?.close()
    wire = undefined
  }
  const onData = (bytes: Uint8Array) => {
    const message = decode(bytes)
    if (message !== undefined) step(message)
  }
  const onError = (error: Error) => {
    closeWire()
    options.onError(error)
  }
  const follow = ({ state: next, send, granted, lost }: Step) => {
    state = next
    cancelTimer?.()
    cancelTimer = undefined
    if (!('exchange' in state)) closeWire()
    if (lost !== undefined) options.onLost(lost)
    if (granted !== undefined) options.onGranted(granted)
    if (send !== undefined) {
      try {
        wire ??= options.open(onData, onError)
        wire.send(encode(send.message), send.to)
      } catch (error) {
        onError(error as Error)
      }
    }
    const at = wakeAt(state)
    if (at !== Infinity) cancelTimer = clock.timer(at - clock.now(), () => step(undefined))
  }
  const step = (message: Message | undefined) => follow(advance(state, message, context()))

  const first = begin(options.saved, context())
  let state = first.state
  follow(first)
  return {
    state: () => state.name,
    stop() {
      cancelTimer?.()
      closeWire()
    },
  }
}

const serverPort = 67

/** Returns a function that opens sockets on port 68 of an interface. */
export function openWireOn(native: Pick<Native, 'dhcpSocket'>, index: number): OpenWire {
  return (onData, onError) => {
    // Loaded here: a machine with a static address boots without it.
    const { createSocket } = process.getBuiltinModule('node:dgram')
    const fd = native.dhcpSocket(index)
    // Addresses are literal: the default lookup would load Node's dns module at boot.
    const socket = createSocket({ type: 'udp4', lookup: (name, _, callback) => callback(null, name, 4) })
    try {
      socket.bind({ fd, exclusive: true })
    } catch (error) {
      closeSync(fd)
      throw error
    }
    socket.unref()
    socket.on('message', onData)
    socket.on('error', onError)
    return {
      send: (bytes, to) =>
        socket.send(bytes, serverPort, to, (error) => {
          if (error !== null) onError(error)
        }),
      close() {
        socket.removeAllListeners('message')
        socket.close()
      },
    }
  }
}
