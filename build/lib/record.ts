import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import type { Artefact } from './artefact.ts'

/** How a step came to its result. */
export type How = 'built' | 'cached' | 'unchanged'

/** What a step remembers of its last run: `<name>.json` beside its output. */
export interface StepRecord {
  /** Cache key of the inputs. */
  key: string
  artefacts: Artefact[]
  how: How
  /** How long the last run took. */
  seconds: number
}

/** The record of the step whose output is `out`, or undefined when there is none that can be read. */
export async function readRecord(out: string): Promise<StepRecord | undefined> {
  try {
    return JSON.parse(await readFile(`${out}.json`, 'utf8')) as StepRecord
  } catch {
    return undefined
  }
}

/** Writes the record of `out`, all of it or nothing. */
export async function writeRecord(out: string, record: StepRecord): Promise<void> {
  const unfinished = `${out}.json.unfinished`
  await writeFile(unfinished, `${JSON.stringify(record, null, 2)}\n`)
  await rename(unfinished, `${out}.json`)
}

/** Whether the files that a record speaks of are still there, whole. Sizes only: hashes are checked on deploy. */
export async function isCurrent(record: StepRecord): Promise<boolean> {
  const sizes = await Promise.all(
    record.artefacts.map(
      async ({ path, bytes }) => (await stat(path).catch(() => undefined))?.size === bytes,
    ),
  )
  return sizes.every(Boolean)
}
