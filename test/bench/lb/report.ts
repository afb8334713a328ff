import { formatBytes } from '../../../config/lib/units.ts'
import { formatValue } from '../figures.ts'
import { quantile, type Steady } from '../steady.ts'
import type { MemoryUse } from './status.ts'

/** The figures of one workload. */
export interface Figures extends Steady {
  /** Instructions a second that the idle guest executes; they are not in `cost`. */
  background: number
}

/** The figures of one proxy. */
export interface Result {
  name: string
  version: string
  /** By workload. */
  figures: Record<string, Figures>
  memory: MemoryUse
}

/** One contestant at one kind of work. */
export interface Row {
  workload: string
  name: string
  /** Of the guest, a request. */
  instructions: number
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** The same as shares of what the yardstick has; null where that was not measured. */
  ratios: Record<'instructions' | 'requestsPerSecond' | 'p50Ms' | 'p99Ms', number> | null
  drift: number
  warmUp: number
  settled: boolean
  background: number
}

/** What `dist/bench-lb.json` holds. */
export interface Comparison {
  version: 1
  contestants: Pick<Result, 'name' | 'version' | 'memory'>[]
  rows: Row[]
}

const yardstick = 'haproxy'

/** All results beside those of HAProxy. */
export function compare(results: readonly Result[]): Comparison {
  const rows = results.flatMap(({ name, figures }) =>
    Object.entries(figures).map(([workload, found]) => rowOf(workload, name, found)),
  )
  for (const row of rows) {
    const base = rows.find(({ workload, name }) => workload === row.workload && name === yardstick)
    if (base !== undefined) row.ratios = ratiosOf(row, base)
  }
  const order = [...new Set(rows.map(({ workload }) => workload))]
  return {
    version: 1,
    contestants: results.map(({ name, version, memory }) => ({ name, version, memory })),
    rows: rows.toSorted((a, b) => order.indexOf(a.workload) - order.indexOf(b.workload)),
  }
}

function rowOf(workload: string, name: string, found: Figures): Row {
  const { cost, rate, latencies, drift, warmUp, settled, background } = found
  return {
    ...{ workload, name, instructions: Math.round(cost), requestsPerSecond: rate },
    ...{ p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99), ratios: null },
    ...{ drift, warmUp, settled, background: Math.round(background) },
  }
}

function ratiosOf(row: Row, base: Row): NonNullable<Row['ratios']> {
  return {
    instructions: row.instructions / base.instructions,
    requestsPerSecond: row.requestsPerSecond / base.requestsPerSecond,
    p50Ms: row.p50Ms / base.p50Ms,
    p99Ms: row.p99Ms / base.p99Ms,
  }
}

/** The comparison as a table for a terminal. */
export function formatComparison({ contestants, rows }: Comparison): string {
  const head = ['workload', 'proxy', 'instructions', '', 'requests/s', 'p50', 'p99', 'repeat', 'warm-up']
  const lines = rows.map((row) => [
    row.workload,
    row.name,
    formatValue(row.instructions, 'instructions'),
    ...(['instructions', 'requestsPerSecond', 'p50Ms', 'p99Ms'] as const).map((key) =>
      times(row.ratios?.[key]),
    ),
    `${(row.drift * 100).toFixed(1)} %`,
    `${row.warmUp}${row.settled ? '' : ', not stable'}`,
  ])
  const memory = contestants.map(
    ({ name, version, memory }) =>
      `${name}: ${formatBytes(memory.processes)} resident, ${formatBytes(memory.guest)} in the guest; ${version}`,
  )
  return [...columns([head, ...lines]), '', ...memory].join('\n')
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : `${ratio.toFixed(2)}×`
}

function columns(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}
