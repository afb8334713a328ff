import { setTimeout as sleep } from 'node:timers/promises'
import type { BackendState } from './backend.ts'
import type { BackendChange } from './balancer.ts'
import type { Pair } from './certificates.ts'
import type { Stats } from './stats.ts'

/** How long the primary may take to decide on a change. */
const decisionMs = 10_000
/** A change counts as made when a process says nothing of it for so long. */
const madeMs = 2000

/** One backend as one process sees it. */
export interface BackendView extends Stats {
  address: string
  weight: number
  state: BackendState
  reason: string | null
}

/** What operators can set while the balancer runs. */
export type Setting =
  | { kind: 'backends'; pool: string; backends: BackendChange[] }
  | { kind: 'certificates'; port: number; pairs: Pair[] }

/** What the processes of a machine tell each other. */
type News =
  | { kind: 'made'; id: string; pid: number }
  | { kind: 'stats'; pid: number; pools: Record<string, BackendView[]> }

/** What all of them hear of the primary: a setting, and how often it was changed. */
interface Change {
  set: string
  version: number
  value: { id: string; setting: Setting }
}

/** A change of ours. */
interface Attempt {
  key: string
  base: number
  /** Whether it was taken, or another one came first. */
  decided: PromiseWithResolvers<boolean>
  /** Processes that have not made it yet. */
  missing: Set<number>
  made: PromiseWithResolvers<void>
}

/** What the processes of the app have in common. The primary has the last word on settings: it takes one change at a time. */
export class Shared {
  private readonly apply: (setting: Setting) => void
  private readonly hearStats: (pid: number, pools: Record<string, BackendView[]>) => void
  private readonly versions = new Map<string, number>()
  private readonly attempts = new Map<string, Attempt>()
  private count = 0

  /**
   * @param apply carries a setting out, in this process
   * @param hearStats is told how another process is doing
   */
  constructor(apply: Shared['apply'], hearStats: Shared['hearStats']) {
    this.apply = apply
    this.hearStats = hearStats
    process.on('message', (message: object) => {
      if ('publish' in message) this.hear(message.publish as News)
      else if ('set' in message) this.take(message as Change)
    })
    send({ get: true })
  }

  /** How often a setting was changed. */
  version(setting: Pick<Setting, 'kind'> & { pool?: string; port?: number }): number {
    return this.versions.get(keyOf(setting)) ?? 0
  }

  /**
   * Changes a setting in every process.
   *
   * @param base its version that the new one was made from
   * @param others processes to wait for: whoever asks next may be answered by one of them
   * @returns false when another change came first: nothing has changed then
   * @throws when the primary does not answer
   */
  async change(setting: Setting, base: number, others: Iterable<number>): Promise<boolean> {
    const [key, id] = [keyOf(setting), `${process.pid}-${(this.count += 1)}`]
    if (!process.connected) {
      if (base !== this.version(setting)) return false
      this.take({ set: key, version: base + 1, value: { id, setting } })
      return true
    }
    const attempt: Attempt = {
      key,
      base,
      decided: Promise.withResolvers(),
      missing: new Set(others),
      made: Promise.withResolvers(),
    }
    this.attempts.set(id, attempt)
    send({ set: key, base, value: { id, setting } })
    try {
      const taken = await within(decisionMs, attempt.decided.promise)
      if (taken === undefined)
        throw new Error('the primary is silent: nobody knows whether the change was made')
      if (taken && attempt.missing.size > 0) await within(madeMs, attempt.made.promise)
      return taken
    } finally {
      this.attempts.delete(id)
    }
  }

  tellStats(pools: Record<string, BackendView[]>): void {
    send({ publish: { kind: 'stats', pid: process.pid, pools } satisfies News })
  }

  private take({ set, version, value: { id, setting } }: Change): void {
    if (version > (this.versions.get(set) ?? 0)) {
      this.versions.set(set, version)
      this.apply(setting)
    }
    for (const [ours, { key, base, decided }] of this.attempts) {
      if (ours === id) decided.resolve(true)
      else if (key === set && version > base) decided.resolve(false)
    }
    send({ publish: { kind: 'made', id, pid: process.pid } satisfies News })
  }

  private hear(news: News): void {
    if (news.kind === 'stats') return this.hearStats(news.pid, news.pools)
    const attempt = this.attempts.get(news.id)
    attempt?.missing.delete(news.pid)
    if (attempt?.missing.size === 0) attempt.made.resolve()
  }
}

function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, sleep(ms, undefined, { ref: false })])
}

function keyOf({ kind, ...of }: { kind: string; pool?: string; port?: number }): string {
  return `${kind} ${of.pool ?? of.port}`
}

/** Without other processes it does nothing. */
function send(message: object): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}
