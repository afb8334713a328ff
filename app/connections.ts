import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Body } from './body.ts'
import type { Headers } from './headers.ts'

/** A request as it goes to a backend. */
export interface Outgoing {
  path: string
  method: string
  headers: Headers
  body: Body
  /** Whether it announces trailers that follow its body. */
  hasTrailers: boolean
  /** Trailers of the request, once its body has been read. */
  trailers: () => IncomingHttpHeaders
  /** Another protocol that the client wants on the connection. */
  upgrade: string | null
}

/** Receives what becomes of a request: undici's interface, for every protocol. */
export type Handler = Required<
  Pick<
    Dispatcher.DispatchHandler,
    'onRequestStart' | 'onResponseStart' | 'onResponseData' | 'onResponseEnd' | 'onResponseError'
  >
>

export type Controller = Dispatcher.DispatchController

/** For a request that fails before it is sent: there is nothing to abort. */
export const noController = undefined as unknown as Controller

/** The connections to one backend. */
export interface Connections {
  dispatch: (outgoing: Outgoing, handler: Handler) => void
  /** Takes no more requests; those in flight continue. */
  close: () => void
}

export interface ConnectionOptions {
  host: string
  port: number
  /** Whether the connection is encrypted. */
  secure: boolean
  /** The name that the certificate must be valid for; empty for an address. */
  serverName: string
  /** HTTP/1.1: open connections at most. */
  connections: number
  /** Of a response: status line and headers together. */
  headerBytes: number
  /** Milliseconds until a connection is open, a response begins, the next part of its body arrives. */
  connectMs: number
  responseMs: number
  bodyMs: number
}
