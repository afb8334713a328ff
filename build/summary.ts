import { styleText } from 'node:util'
import type { StepRecord } from './lib/record.ts'
import { formatBytes } from './lib/units.ts'
import type { Manifest } from './manifest.ts'

/** The table at the end of a build: each artefact's size, how it came about, how long that took. */
export function summaryTable(manifest: Manifest, steps: Record<string, StepRecord>): string {
  const rows = manifest.artefacts
    .filter(({ bytes }) => bytes >= 1024)
    .map(({ name, bytes }) => {
      const step = steps[name.split('/')[0] ?? '']
      return [
        name,
        formatBytes(bytes),
        step?.how ?? 'built',
        step === undefined ? '' : `${step.seconds.toFixed(1)} s`,
      ]
    })
  const table = columns([['artefact', 'size', 'how', 'time'], ...rows])
  const { commit, dirty } = manifest.source
  const source =
    commit === undefined ? 'no commit' : commit.slice(0, 12) + (dirty === true ? ' + changes' : '')
  const facts = `Linux ${manifest.kernel} · Node ${manifest.node} · ${Object.keys(manifest.packages).length} packages · ${source}`
  return `\n${table}\n${styleText('dim', facts)}\n\n`
}

/** Rows with their cells in columns, the first row as a heading; the size column ends flush. */
function columns(rows: string[][]): string {
  const width = (column: number): number => Math.max(...rows.map((row) => (row[column] ?? '').length))
  return rows
    .map((row, index) => {
      const line = row
        .map((cell, i) => (i === 1 ? cell.padStart(width(i)) : cell.padEnd(width(i))))
        .join('  ')
      return `  ${index === 0 ? styleText('bold', line.trimEnd()) : line.trimEnd()}\n`
    })
    .join('')
}
