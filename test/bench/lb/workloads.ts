import type { Load } from '../load.ts'
import { ports } from './contestant.ts'

/** One kind of load that every proxy is measured with. */
export interface Workload extends Pick<Load, 'connections' | 'fresh' | 'path'> {
  name: string
  summary: string
  port: keyof typeof ports
  /** Requests of a batch. */
  batch: number
}

/** Enough connections to keep an emulated machine busy. */
const connections = 16

export const workloads: Workload[] = [
  {
    name: 'small',
    summary: '200 bytes, keep-alive connections',
    ...{ port: 'http', path: '/small', connections, batch: 1000 },
  },
  {
    name: 'single',
    summary: '200 bytes, one keep-alive connection',
    ...{ port: 'http', path: '/small', connections: 1, batch: 500 },
  },
  {
    name: 'large',
    summary: '64 KiB, keep-alive connections',
    ...{ port: 'http', path: '/large', connections, batch: 200 },
  },
  {
    name: 'connect',
    summary: '200 bytes, a new connection for each request',
    ...{ port: 'http', path: '/small', connections, fresh: true, batch: 500 },
  },
  {
    name: 'tls',
    summary: '200 bytes over TLS, keep-alive connections',
    ...{ port: 'https', path: '/small', connections, batch: 1000 },
  },
  {
    name: 'tcp',
    summary: 'TCP mode: 200 bytes, keep-alive connections',
    ...{ port: 'tcp', path: '/small', connections, batch: 1000 },
  },
  {
    name: 'tcp-large',
    summary: 'TCP mode: 64 KiB, keep-alive connections',
    ...{ port: 'tcp', path: '/large', connections, batch: 200 },
  },
  {
    name: 'tcp-connect',
    summary: 'TCP mode: 200 bytes, a new connection for each request',
    ...{ port: 'tcp', path: '/small', connections, fresh: true, batch: 500 },
  },
]
