import { join } from 'node:path'
import { readDotenv } from './lib/env.ts'
import { UserError } from './lib/errors.ts'
import { type Json, readJson } from './lib/json.ts'
import { mergePatch, note, type Provenance } from './merge.ts'
import { steps } from './pointer.ts'
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
