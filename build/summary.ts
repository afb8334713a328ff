import { styleText } from 'node:util'
import type { StepRecord } from './pipeline/record.ts'
import { table } from '../config/lib/table.ts'
import { formatBytes } from '../config/lib/units.ts'
import type { Manifest } from './pipeline/manifest.ts'

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
  const text = table(['artefact', 'size', 'how', 'time'], rows, [1])
  const { commit, dirty } = manifest.source
  const source =
    commit === undefined ? 'no commit' : commit.slice(0, 12) + (dirty === true ? ' + changes' : '')
  const facts = `Linux ${manifest.kernel} · Node ${manifest.node} · ${Object.keys(manifest.packages).length} packages · ${source}`
  return `\n${text}\n${styleText('dim', facts)}\n\n`
}
