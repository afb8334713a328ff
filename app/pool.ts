import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import type { Pool as Connections } from 'undici'
import connector from 'undici/lib/core/connect.js'
import ConnectionPool from 'undici/lib/dispatcher/pool.js'
import { type Algorithm, algorithm } from './algorithms.ts'
import { Backend } from './backend.ts'
import type { BackendConfig, BalancerConfig, PoolConfig } from './config.ts'
import { milliseconds } from './milliseconds.ts'
import { Turns } from './turns.ts'

type Timeouts = BalancerConfig['timeouts']

/** A backend and the connections to it. */
export class Member extends Backend {
  /** Names the backend in a cookie, without saying where it is. */
  readonly tag: string
  readonly connections: Connections
  readonly turns: Turns
  /** The name that TLS asks for and its certificate is checked for; empty for an address. Never one of a client's. */
  readonly serverName: string

  constructor(config: BackendConfig, pool: PoolConfig, timeouts: Timeouts) {
    super(config, pool)
    this.tag = createHash('sha256').update(config.address).digest('hex').slice(0, 12)
    const waitMs = milliseconds(timeouts.connect)
    this.turns = new Turns({ most: pool.connections, waiting: pool.queue, waitMs })
    const { serverName = isIP(this.host) ? '' : this.host } = pool
    this.serverName = serverName
    const connect = connector({ timeout: waitMs })
    this.connections = new ConnectionPool(
      `${pool.protocol === 'https' ? 'https' : 'http'}://${config.address}`,
      {
        connections: pool.connections,
        pipelining: 1,
        connect: (options, done) => connect({ ...options, servername: serverName }, done),
        headersTimeout: milliseconds(timeouts.response),
        bodyTimeout: milliseconds(timeouts.body),
      },
    )
  }
}

/** Backends that do the same, and the way to choose among them. */
export class Pool {
  readonly name: string
  readonly config: PoolConfig
  readonly members = new Map<string, Member>()
  private readonly timeouts: Timeouts
  private readonly choose: Algorithm

  constructor(name: string, config: PoolConfig, timeouts: Timeouts) {
    this.name = name
    this.config = config
    this.timeouts = timeouts
    this.choose = algorithm(config.algorithm)
    for (const backend of config.backends) this.add(backend)
  }

  add(backend: BackendConfig): Member {
    const member = new Member(backend, this.config, this.timeouts)
    this.members.set(member.address, member)
    return member
  }

  /** Takes a backend out; its requests in flight go on. */
  remove(address: string): void {
    const member = this.members.get(address)
    this.members.delete(address)
    member?.turns.letAllBegin()
    void member?.connections.close()
  }

  /**
   * The backend for a request, or undefined when none can take it.
   *
   * @param client address, for consistent hashing
   * @param tag of the backend that a cookie asks for
   * @param tried backends that have failed this request
   */
  pick(client: string, tag: string | undefined, tried: ReadonlySet<Member>): Member | undefined {
    const [up, ejected]: [Member[], Member[]] = [[], []]
    for (const member of this.members.values()) {
      if (tried.has(member)) continue
      const { state, weight } = member
      // A backend that drains keeps the clients that it has.
      if (member.tag === tag && (state === 'up' || state === 'draining')) return member
      if (weight > 0 && state === 'up') up.push(member)
      else if (weight > 0 && state === 'ejected') ejected.push(member)
    }
    // Requests that failed must not empty a pool: better an ejected backend than none.
    const able = up.length > 0 ? up : ejected
    return able.length > 1 ? (this.choose(able, client) as Member | undefined) : able[0]
  }

  close(): void {
    for (const address of this.members.keys()) this.remove(address)
  }
}
