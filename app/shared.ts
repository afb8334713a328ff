import type { BackendChange } from './balancer.ts'
import type { Pair } from './certificates.ts'
import type { Stats } from './stats.ts'
import type { BackendState } from './backend.ts'

/** One backend as one process sees it. */
export interface BackendView extends Stats {
  address: string
  weight: number
  state: BackendState
  reason: string | null
}

/** A change; with an id, whoever has made it says so. */
export type Change = { id?: string } & (
  | { kind: 'backends'; pool: string; version: number; backends: BackendChange[] }
  | { kind: 'certificates'; port: number; pairs: Pair[] }
)

/** What the processes of a machine tell each other. */
export type Message =
  | Change
  | { kind: 'made'; id: string; pid: number }
  | { kind: 'stats'; pid: number; pools: Record<string, BackendView[]> }
  | { kind: 'hello' }

/** Tells all other processes of the app; without any it does nothing. The primary passes such messages on. */
export function publish(message: Message): void {
  if (process.connected) process.send?.({ publish: message }, undefined, {}, () => undefined)
}

/** Hears what other processes publish. */
export function subscribe(listener: (message: Message) => void): void {
  process.on('message', (received: unknown) => {
    if (typeof received === 'object' && received !== null && 'publish' in received) {
      listener(received.publish as Message)
    }
  })
}
