import { stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { hashFile } from '../../config/lib/hash.ts'
import { readOwnJson, writeJson } from '../../config/lib/json.ts'

/** A file that a build step produced. */
export interface Artefact {
  /** Unique in a build, e.g. `runtime` or `kernel/vmlinux`. */
  name: string
  /** Absolute in memory, relative to `dist/` in the manifest. */
  path: string
  bytes: number
  sha256: string
  /** Its inputs by name: a hash, a version or a setting each. */
  inputs: Record<string, string>
}

/** Describes a finished file. */
export async function describeFile(
  name: string,
  path: string,
  inputs: Record<string, string>,
): Promise<Artefact> {
  const { size } = await stat(path)
  return { name, path, bytes: size, sha256: await hashFile(path), inputs }
}

/** How a step came to its result. */
export type How = 'built' | 'fetched' | 'cached' | 'unchanged'

/** The record of a step's last run: `<name>.json` beside its output. */
export interface StepRecord {
  /** Cache key of the inputs. */
  key: string
  /** In the file their paths are relative to its folder, which may be copied elsewhere. */
  artefacts: Artefact[]
  how: How
  /** How long the last run took. */
  seconds: number
}

/** Reads the record of the step whose output is `out`; returns undefined if it is missing or unreadable. */
export async function readRecord(out: string): Promise<StepRecord | undefined> {
  const record = await readOwnJson<StepRecord>(`${out}.json`)
  return record && withPaths(record, (path) => join(dirname(out), path))
}

/** Writes the record of the step whose output is `out`. */
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

/** Returns whether the files in a record are unchanged, by their hashes. */
export async function isCurrent(record: StepRecord): Promise<boolean> {
  for (const { path, sha256 } of record.artefacts) {
    if ((await hashFile(path).catch(() => undefined)) !== sha256) return false
  }
  return true
}

/** Returns whether the files in a record exist with their sizes: enough after a step that has checked their hashes. */
export async function isComplete(record: StepRecord): Promise<boolean> {
  for (const { path, bytes } of record.artefacts) {
    if ((await stat(path).catch(() => undefined))?.size !== bytes) return false
  }
  return true
}
