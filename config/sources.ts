import { join } from 'node:path'
import { mergePatch as merge } from '../kernel/contract/environment.ts'
import { readDotenv } from './lib/env.ts'
import { UserError } from './lib/errors.ts'
import { isObject, type Json, readJson } from './lib/json.ts'
import { child, steps, valueAt } from './pointer.ts'
import type { Setting } from './schema.ts'
import { readVariables } from './variables.ts'

/** The merged values of the files and the environment, not yet checked. */
export interface Sources {
  value: Json
  provenance: Provenance
  errors: string[]
}

const base = 'config/system.json'
const local = 'config/local.json'

/**
 * Reads config/system.json, config/local.json, .env and the environment, each overriding the previous one.
 *
 * @throws {UserError} when a file is not JSON, or config/system.json is missing
 */
export function readSources(root: string, env: NodeJS.ProcessEnv, settings: Setting[]): Sources {
  const [first, patch] = readFiles(root)
  const provenance: Provenance = new Map()
  note(first, base, provenance)
  let value = patch === undefined ? first : mergePatch(first, patch, local, provenance)
  const inFile = readVariables(readDotenv(root), settings, '.env: ')
  const inProcess = readVariables(env, settings)
  for (const { setting, source, value: set } of [...inFile.overrides, ...inProcess.overrides]) {
    const nested = steps(setting.pointer).reduceRight<Json>((inner, key) => ({ [key]: inner }), set)
    value = mergePatch(value, nested, source, provenance)
  }
  return { value, provenance, errors: [...inFile.errors, ...inProcess.errors] }
}

function readFiles(root: string): [Json, Json | undefined] {
  const errors: UserError[] = []
  const [first, patch] = [base, local].map((name) => {
    try {
      return readJson(join(root, name), name)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      errors.push(error)
      return undefined
    }
  })
  if (errors.length > 0) throw new UserError(errors.map(({ message }) => message).join('\n'))
  if (first !== undefined) return [first, patch]
  throw new UserError(`${base} not found; it describes the machine`, {
    hint: `searched in ${root}\nwrite {} into it for a machine with the default settings, or restore it: git checkout ${base}`,
  })
}

/** Maps JSON pointers to the file or variable that set the value. Lists are set as a whole. */
export type Provenance = Map<string, string>

/** Records the source of a value and, in objects, of everything inside. */
export function note(value: Json, source: string, provenance: Provenance, pointer = ''): void {
  provenance.set(pointer, source)
  if (!isObject(value)) return
  for (const [key, inner] of Object.entries(value)) note(inner, source, provenance, child(pointer, key))
}

/** Applies a JSON merge patch, and records in `provenance` which source set each value. */
export function mergePatch(target: Json, patch: Json, source: string, provenance: Provenance): Json {
  record(target, patch, source, provenance)
  return merge(target, patch) as Json
}

function record(
  target: Json | undefined,
  patch: Json,
  source: string,
  provenance: Provenance,
  pointer = '',
): void {
  if (!isObject(patch) || !isObject(target)) {
    forget(provenance, pointer)
    provenance.set(pointer, source)
  }
  if (!isObject(patch)) return
  for (const [key, value] of Object.entries(patch)) {
    const here = child(pointer, key)
    if (value === null) forget(provenance, here)
    else record(isObject(target) ? target[key] : undefined, value, source, provenance, here)
  }
}

function forget(provenance: Provenance, pointer: string): void {
  for (const known of provenance.keys()) {
    if (`${known}/`.startsWith(`${pointer}/`)) provenance.delete(known)
  }
}

/**
 * Returns the source that set a value; for a missing value, the source of the object that lacks it.
 * Returns undefined for a default.
 */
export function sourceOf(provenance: Provenance, value: Json, pointer: string): string | undefined {
  let here = pointer
  while (!provenance.has(here) && here !== '') here = here.slice(0, here.lastIndexOf('/'))
  const inherited = here !== pointer && isObject(valueAt(value, here))
  return inherited && valueAt(value, pointer) !== undefined ? undefined : provenance.get(here)
}
