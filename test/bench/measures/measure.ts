import type { Figure } from '../figures.ts'
import type { Release } from '../../../deploy/target.ts'

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
