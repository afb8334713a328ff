import type { Request, Response } from '#nodeos/answer'
import type { Asking } from '#nodeos/upgrade'
import type { Headers } from './headers.ts'
import type { Pool } from './pool.ts'

/** A request on its way to a pool, and its response on the way back. */
export interface Exchange {
  request: Request
  response: Response
  /** Of a client that wants another protocol than HTTP. */
  asking: Asking | undefined
  pool: Pool
  /** Address of the client. */
  client: string
  headers: Headers
  requestId: string
  /** The backend that the client's cookie names. */
  tag: string | undefined
  /** Bytes that a body may have; 0 for no limit. */
  bodyBytes: number
  /** Milliseconds within which the client has to read a part of the response. */
  takeMs: number
  /** Milliseconds without traffic after which a connection of another protocol is closed. */
  idleMs: number
  /** The backend that the request was sent to last, and what came back of the body. */
  backend?: string
  bytes: number
  /** Whether the client and its backend have agreed on another protocol. */
  isUpgraded?: boolean
  /** Why the balancer broke the response off after it had begun. */
  brokenOff?: string
}
