import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import { portHolder } from '../qemu/ports.ts'

export interface PublishedPort {
  /** Of the host. */
  port: number
  protocol: 'tcp' | 'udp'
}

/** Where a machine's ports are on this host: published port → port on the loopback interface. */
export type Backend = ReadonlyMap<string, number>

/** Names a published port in a {@link Backend}. */
export function portKey({ port, protocol }: PublishedPort): string {
  return `${port}/${protocol}`
}

/**
 * How long a connection is retried. QEMU's listener accepts two connections at a time and drops the first packet of
 * a third: an early retry is faster than the kernel's, which comes after a second.
 */
const dialMs = 10_000
const dialAgainMs = 150
/** How long a connection is held by default. */
export const holdMs = 60_000
const udpIdleMs = 30_000

/**
 * Forwards the published ports of an appliance. A new connection goes to the machine that serves, or is held until one
 * does; an open connection stays with its machine.
 */
export class PortProxy {
  readonly #bind: string
  readonly #listeners = new Map<string, Server | UdpSocket>()
  readonly #waiting = new Map<Backend, Set<Socket>>()
  #dialling: Promise<unknown> = Promise.resolve()
  #backend: Backend | undefined
  #holdMs = holdMs
  #changed = Promise.withResolvers<void>()

  constructor(bind: string) {
    this.#bind = bind
  }

  /**
   * Listens on further ports.
   *
   * @throws {UserError} naming what uses a port; then it listens on none of them
   */
  async listen(ports: readonly PublishedPort[]): Promise<void> {
    const opened: string[] = []
    try {
      for (const each of ports) {
        const key = portKey(each)
        if (this.#listeners.has(key)) continue
        this.#listeners.set(key, await this.#listenOn(each, key))
        opened.push(key)
      }
    } catch (error) {
      for (const key of opened) this.#close(key)
      throw error
    }
  }

  /** Stops listening on all other ports. */
  listenOnlyOn(ports: readonly PublishedPort[]): void {
    const kept = new Set(ports.map(portKey))
    for (const key of this.#listeners.keys()) if (!kept.has(key)) this.#close(key)
  }

  /** Forwards new connections to a machine; without one, holds each for that long at most. */
  forwardTo(backend: Backend | undefined, mostMs = holdMs): void {
    this.#backend = backend
    this.#holdMs = mostMs
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** Resolves when every connection to a machine had a first response, so that the machine has accepted it; or at the limit. */
  async awaitResponses(backend: Backend, mostMs: number): Promise<void> {
    for (const until = Date.now() + mostMs; Date.now() < until; await wait(50)) {
      if ((this.#waiting.get(backend)?.size ?? 0) === 0) break
    }
    this.#waiting.delete(backend)
  }

  close(): void {
    this.listenOnlyOn([])
  }

  #close(key: string): void {
    this.#listeners.get(key)?.close()
    this.#listeners.delete(key)
  }

  async #listenOn(each: PublishedPort, key: string): Promise<Server | UdpSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const refused = (error: NodeJS.ErrnoException): void => reject(cannotListen(each, error))
    if (each.protocol === 'udp') {
      const socket = createSocket(this.#bind.includes(':') ? 'udp6' : 'udp4')
      socket.once('error', refused).bind(each.port, this.#bind, resolve)
      await promise
      socket.on('error', () => undefined)
      this.#relayDatagrams(socket, key)
      return socket
    }
    const server = createServer(
      { allowHalfOpen: true, noDelay: true },
      (client) => void this.#relay(client, key),
    )
    server.once('error', refused).listen({ port: each.port, host: this.#bind, backlog: 4096 }, resolve)
    await promise
    server.on('error', () => undefined)
    return server
  }

  async #relay(client: Socket, key: string): Promise<void> {
    client.on('error', () => client.destroy())
    const server = await this.#connect(client, key)
    if (server === undefined || client.destroyed) {
      server?.destroy()
      return void client.destroy()
    }
    client.once('close', () => server.destroy())
    server.on('error', () => client.destroy()).once('close', () => client.destroySoon())
    client.pipe(server)
    server.pipe(client)
  }

  /** Connects to the machine that serves, which may change while it tries. */
  async #connect(client: Socket, key: string): Promise<Socket | undefined> {
    let [tried, until]: [Backend | undefined, number] = [undefined, 0]
    while (!client.destroyed) {
      const backend = await this.#serving()
      const port = backend?.get(key)
      if (backend === undefined || port === undefined) return undefined
      // Neither the hold nor the attempts at another machine count.
      if (backend !== tried) [tried, until] = [backend, Date.now() + dialMs]
      else if (Date.now() > until) return undefined
      const waiting = this.#waiting.get(backend) ?? new Set()
      this.#waiting.set(backend, waiting.add(client))
      const server = await this.#dial(port)
      if (server === undefined) {
        waiting.delete(client)
        continue
      }
      server.once('data', () => waiting.delete(client))
      client.once('close', () => waiting.delete(client))
      return server
    }
    return undefined
  }

  /** Returns the machine that serves, waiting for one if need be. */
  async #serving(): Promise<Backend | undefined> {
    for (const since = Date.now(); ;) {
      const left = since + this.#holdMs - Date.now()
      if (this.#backend !== undefined || left <= 0) return this.#backend
      await Promise.race([this.#changed.promise, wait(left, undefined, { ref: false })])
    }
  }

  /** Connects, one connection at a time. */
  #dial(port: number): Promise<Socket | undefined> {
    const next = this.#dialling.then(() => dial(port))
    this.#dialling = next
    return next
  }

  #relayDatagrams(socket: UdpSocket, key: string): void {
    const clients = new Map<string, { relay: UdpSocket; port: number; idle: NodeJS.Timeout }>()
    socket.on('message', (message, from) => {
      const port = this.#backend?.get(key)
      if (port === undefined) return
      const name = `${from.address} ${from.port}`
      let client = clients.get(name)
      if (client === undefined || client.port !== port) {
        client?.relay.close()
        const relay = createSocket('udp4').on('error', () => undefined)
        relay.unref()
        relay.on('message', (response) => socket.send(response, from.port, from.address))
        const forget = (): void => {
          relay.close()
          if (clients.get(name)?.relay === relay) clients.delete(name)
        }
        client = { relay, port, idle: setTimeout(forget, udpIdleMs).unref() }
        clients.set(name, client)
      }
      client.idle.refresh()
      client.relay.send(message, port, '127.0.0.1')
    })
  }
}

function dial(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const giveUp = (): void => {
      socket.destroy()
      resolve(undefined)
    }
    const timer = setTimeout(giveUp, dialAgainMs)
    // A refusal must not make the retry come sooner.
    socket.on('error', () => undefined)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(socket)
    })
  })
}

function cannotListen({ port, protocol }: PublishedPort, { code }: NodeJS.ErrnoException): UserError {
  if (code === 'EADDRINUSE') {
    return new UserError(`port ${port} of the host is already in use by ${portHolder(port, protocol)}`, {
      hint: 'choose another port: "ports" in config/system.json, or on the host: npm run host -- add NAME --publish HOST:GUEST',
    })
  }
  if (code === 'EACCES') {
    return new UserError(
      `the release publishes port ${port}, but the service may not listen on ports below 1024`,
      {
        hint: `on the host: npm run host -- add NAME --publish ${port + 8000}:GUEST, or as root: sysctl net.ipv4.ip_unprivileged_port_start=${port}`,
      },
    )
  }
  return new UserError(`port ${port} of the host cannot be used: ${code ?? 'unknown error'}`)
}
