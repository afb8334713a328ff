import { styleText } from 'node:util'
import { formatBytes } from '../../config/lib/units.ts'
import type { Release } from '../../deploy/target.ts'

export type Unit = 'instructions' | 'seconds' | 'milliseconds' | 'bytes' | 'MiB'

/** One measured value. */
export interface Figure {
  /** Stable name, dots between parts, e.g. `boot.total`. */
  id: string
  /** Describes the figure. */
  label: string
  value: number
  unit: Unit
  /** The value must not be larger. */
  target?: number
}

/** The input of a measure. */
export interface MeasureContext {
  release: Release
  /** Number of boots; the median is reported. */
  runs: number
}

/** One measurement of the benchmark. */
export interface Measure {
  /** Name for `--only`. */
  name: string
  summary: string
  /** Takes many minutes: runs only if it is named or its option is set. */
  slow?: boolean
  run(context: MeasureContext): Promise<Figure[]>
}

/** A value with its unit, in the size that reads best. */
export function formatValue(value: number, unit: Unit): string {
  if (unit === 'seconds') return `${value.toFixed(2)} s`
  if (unit === 'milliseconds') return `${value.toFixed(1)} ms`
  if (unit === 'MiB') return `${value} MiB`
  if (unit === 'bytes') return formatBytes(value)
  if (value >= 1e8) return `${(value / 1e9).toFixed(4)} G`
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)} M` : `${(value / 1e3).toFixed(1)} k`
}

/** Whether the figure keeps its target; undefined when it has none. */
export function met(figure: Figure): boolean | undefined {
  return figure.target === undefined ? undefined : figure.value <= figure.target
}

/** The figures as a table for a terminal: label, value, target. */
export function formatTable(figures: Figure[], stream: NodeJS.WriteStream = process.stdout): string {
  const rows = figures.map((figure) => ({
    figure,
    label: figure.label,
    value: formatValue(figure.value, figure.unit),
    target: figure.target === undefined ? '' : `≤ ${formatValue(figure.target, figure.unit)}`,
  }))
  const width = (key: 'label' | 'value' | 'target'): number =>
    Math.max(0, ...rows.map((row) => row[key].length))
  return rows
    .map((row) => {
      const line = [
        row.label.padEnd(width('label')),
        row.value.padStart(width('value')),
        row.target.padStart(width('target')),
      ].join('  ')
      return `${line}  ${verdict(row.figure, stream)}`.trimEnd()
    })
    .join('\n')
}

function verdict(figure: Figure, stream: NodeJS.WriteStream): string {
  const kept = met(figure)
  if (kept === undefined) return ''
  return kept ? styleText('green', 'ok', { stream }) : styleText('red', 'missed', { stream })
}
