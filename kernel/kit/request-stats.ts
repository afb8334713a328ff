/** The figures of one backend in one process. They can be summed. */
export type Stats = ReturnType<Counter['snapshot']>

const buckets = 64
const growth = 1.25
const firstMs = 0.1
const rateSeconds = 5
const windowSeconds = 30

interface Window {
  failures: number
  latencies: readonly number[]
}

const none: Window = { failures: 0, latencies: Array.from({ length: buckets }, () => 0) }

/** Counts requests. Recent figures are differences to earlier counts. */
export class Counter {
  requests = 0
  failures = 0
  /** The failures that broke off a response after it had begun. */
  brokenOff = 0
  inflight = 0
  totalMs = 0
  readonly latencies = [...none.latencies]
  /** Requests at the last seconds, the rest at the last two windows' begin. */
  #seconds = [0]
  #windows: [older: Window, newer: Window] = [none, none]
  #ticks = 0

  /** Counts a request whose response began, or that failed, after this time. */
  record(ms: number, failed: boolean): void {
    this.requests += 1
    if (failed) this.failures += 1
    this.totalMs += ms
    const bucket = bucketOf(ms)
    this.latencies[bucket] = (this.latencies[bucket] ?? 0) + 1
  }

  /** Counts a response that broke off after it had begun. */
  breakOff(): void {
    this.failures += 1
    this.brokenOff += 1
  }

  /** A second has passed. */
  tick(): void {
    this.#seconds.push(this.requests)
    if (this.#seconds.length > rateSeconds + 1) this.#seconds.shift()
    this.#ticks += 1
    if (this.#ticks % windowSeconds > 0) return
    this.#windows = [this.#windows[1], { failures: this.failures, latencies: [...this.latencies] }]
  }

  /** Returns the rate of the last seconds, and failures and latencies of the last 30 to 60 seconds. */
  snapshot() {
    const { requests, brokenOff, inflight } = this
    const seconds = this.#seconds
    const [begin] = this.#windows
    const failures = this.failures - begin.failures
    const latencies = this.latencies.map((count, bucket) => count - (begin.latencies[bucket] ?? 0))
    const rate = ((seconds.at(-1) ?? 0) - (seconds[0] ?? 0)) / rateSeconds
    return { requests, failures, brokenOff, inflight, rate, latencies }
  }
}

function bucketOf(ms: number): number {
  const bucket = Math.ceil(Math.log(ms / firstMs) / Math.log(growth))
  return Math.min(Math.max(bucket, 0), buckets - 1)
}

/** Returns the upper bound of a bucket. */
export function upperMs(bucket: number): number {
  return firstMs * growth ** bucket
}

/** Returns a percentile in milliseconds, up to a quarter too high; 0 without requests. */
export function latencyOf(latencies: readonly number[], share: number): number {
  const wanted = share * latencies.reduce((sum, count) => sum + count, 0)
  if (wanted === 0) return 0
  let seen = 0
  const bucket = latencies.findIndex((count) => (seen += count) >= wanted)
  return Number(upperMs(bucket).toPrecision(3))
}

/** Adds the figures of two processes. */
export function sum(one: Stats, other: Stats): Stats {
  return {
    requests: one.requests + other.requests,
    failures: one.failures + other.failures,
    brokenOff: one.brokenOff + other.brokenOff,
    inflight: one.inflight + other.inflight,
    rate: one.rate + other.rate,
    latencies: one.latencies.map((count, bucket) => count + (other.latencies[bucket] ?? 0)),
  }
}
