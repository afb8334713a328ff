/** What happened at one backend in one process; sums of these describe several. */
export interface Stats {
  requests: number
  failures: number
  inflight: number
  /** Answers by latency: see `latencyOf`. The last half to whole minute. */
  latencies: number[]
  /** Requests in each of the last seconds, the current one last. */
  seconds: number[]
}

const buckets = 64
const growth = 1.25
const firstMs = 0.1
const rateSeconds = 5
const windowMs = 30_000

/** Counts requests; a snapshot costs, counting hardly does. */
export class Counter {
  requests = 0
  failures = 0
  inflight = 0
  /** Since the start, beside the last minute's. */
  readonly latencies = zeros(buckets)
  totalMs = 0
  private current = zeros(buckets)
  private previous = zeros(buckets)
  private turned = performance.now()
  private seconds = zeros(rateSeconds + 1)
  private second = Math.floor(performance.now() / 1000)

  /** A request was answered, or failed, after so many milliseconds. */
  record(ms: number, failed: boolean): void {
    this.turn()
    this.requests += 1
    if (failed) this.failures += 1
    const bucket = bucketOf(ms)
    this.current[bucket] = (this.current[bucket] ?? 0) + 1
    this.latencies[bucket] = (this.latencies[bucket] ?? 0) + 1
    this.totalMs += ms
    this.seconds[rateSeconds] = (this.seconds[rateSeconds] ?? 0) + 1
  }

  snapshot(): Stats {
    this.turn()
    const { requests, failures, inflight, seconds } = this
    const latencies = this.current.map((count, index) => count + (this.previous[index] ?? 0))
    return { requests, failures, inflight, latencies, seconds: [...seconds] }
  }

  private turn(): void {
    const now = performance.now()
    const second = Math.floor(now / 1000)
    for (const until = Math.min(second, this.second + rateSeconds + 1); this.second < until; this.second++) {
      this.seconds.shift()
      this.seconds.push(0)
    }
    this.second = second
    if (now - this.turned < windowMs) return
    this.previous = now - this.turned < 2 * windowMs ? this.current : zeros(buckets)
    this.current = zeros(buckets)
    this.turned = now
  }
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0)
}

function bucketOf(ms: number): number {
  const bucket = Math.ceil(Math.log(ms / firstMs) / Math.log(growth))
  return Math.min(Math.max(bucket, 0), buckets - 1)
}

function upperMs(bucket: number): number {
  return firstMs * growth ** bucket
}

/** Milliseconds within which a share of the answers came, at most a quarter too many; 0 without answers. */
export function latencyOf(latencies: readonly number[], share: number): number {
  const wanted = share * latencies.reduce((sum, count) => sum + count, 0)
  if (wanted === 0) return 0
  let seen = 0
  const bucket = latencies.findIndex((count) => (seen += count) >= wanted)
  return Number(upperMs(bucket).toPrecision(3))
}

/** All latencies since the start as a histogram: how many answers came within each bound, in seconds, and at all. */
export function histogram(
  { latencies, totalMs, requests }: Counter,
  bounds: readonly number[],
): { counts: number[]; sum: number; count: number } {
  const within = (bound: number): number =>
    latencies.reduce((sum, count, bucket) => (upperMs(bucket) <= bound * 1000 ? sum + count : sum), 0)
  return { counts: [...bounds.map(within), requests], sum: totalMs / 1000, count: requests }
}

/** Requests a second, over the last whole seconds. */
export function rateOf(seconds: readonly number[]): number {
  return seconds.slice(0, rateSeconds).reduce((sum, count) => sum + count, 0) / rateSeconds
}

/** The processes' counts as one. */
export function sum(all: readonly Stats[]): Stats {
  const add = (pick: (stats: Stats) => number[]): number[] =>
    all.reduce<number[]>((total, stats) => pick(stats).map((n, index) => n + (total[index] ?? 0)), [])
  const total = (pick: (stats: Stats) => number): number => all.reduce((n, stats) => n + pick(stats), 0)
  return {
    requests: total(({ requests }) => requests),
    failures: total(({ failures }) => failures),
    inflight: total(({ inflight }) => inflight),
    latencies: add(({ latencies }) => latencies),
    seconds: add(({ seconds }) => seconds),
  }
}
