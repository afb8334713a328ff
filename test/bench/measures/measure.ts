import type { Figure } from '../figures.ts'
import type { Release } from '../../../deploy/target.ts'

/** What a measure may use. */
export interface MeasureContext {
  release: Release
  /** How often a boot is repeated; the median counts. */
  runs: number
}

/** One thing that the bench measures. */
export interface Measure {
  /** As `--only` names it. */
  name: string
  summary: string
  /** Takes many minutes: runs only when named or with its flag. */
  slow?: boolean
  run(context: MeasureContext): Promise<Figure[]>
}
