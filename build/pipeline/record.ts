import { stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Artefact } from './artefact.ts'
import { hashFile } from '../../config/lib/hash.ts'
import { readOwnJson, writeJson } from '../../config/lib/json.ts'

/** How a step came to its result. */
export type How = 'built' | 'cached' | 'unchanged'

/** What a step remembers of its last run: `<name>.json` beside its output. */
export interface StepRecord {
  /** Cache key of the inputs. */
  key: string
  /** In the file their paths are relative to its folder, which may be copied elsewhere. */
  artefacts: Artefact[]
  how: How
  /** How long the last run took. */
  seconds: number
}

/** The record of the step whose output is `out`, or undefined when there is none that can be read. */
export async function readRecord(out: string): Promise<StepRecord | undefined> {
  const record = await readOwnJson<StepRecord>(`${out}.json`)
  return record && withPaths(record, (path) => join(dirname(out), path))
}

/** Writes the record of `out`, all of it or nothing. */
export async function writeRecord(out: string, record: StepRecord): Promise<void> {
  await writeJson(
    `${out}.json`,
    withPaths(record, (path) => relative(dirname(out), path)),
  )
}

function withPaths(record: StepRecord, change: (path: string) => string): StepRecord {
  const artefacts = record.artefacts.map((artefact) =>
    Object.assign({}, artefact, { path: change(artefact.path) }),
  )
  return { ...record, artefacts }
}

/** Whether the files that a record speaks of are still what they were, to the last bit. */
export async function isCurrent(record: StepRecord): Promise<boolean> {
  for (const { path, sha256 } of record.artefacts) {
    if ((await hashFile(path).catch(() => undefined)) !== sha256) return false
  }
  return true
}

/** Whether they are there, in their sizes: enough where a step has just found them current. */
export async function isThere(record: StepRecord): Promise<boolean> {
  for (const { path, bytes } of record.artefacts) {
    if ((await stat(path).catch(() => undefined))?.size !== bytes) return false
  }
  return true
}
