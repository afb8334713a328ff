import type { ErrorObject, ValidateFunction } from 'ajv'
import type { Manifest } from '../../build/pipeline/manifest.ts'
import { createAjv } from '../../config/validator.ts'
import { explain, type Problem } from '../../config/explain.ts'
import { schemaProblems } from '../../config/load.ts'
import type { Schema } from '../../config/schema.ts'
import type { SystemConfig } from '../../config/system.types.ts'

/** Settings with which a host starts the machine. */
export type Launch = Pick<SystemConfig, 'machine' | 'ports' | 'network' | 'health'>

/** `release.json` of a release's commit: the summary of a release. */
export interface ReleaseFile {
  version: 1
  /** Host name of the machine: it identifies the appliance. */
  appliance: string
  /** Counts from 1; each release's is one more than its parent's. */
  number: number
  app: string
  source: Manifest['source']
  /** SHA-256 of `manifest.json`, which has the SHA-256 of each layer. */
  digest: string
  launch: Launch
  /** Number of the release that this one rolls back to. */
  rollbackOf?: number
  /** Number of the release whose data is restored, too. */
  restore?: number
}

// A release comes from elsewhere, and its values become names of files and arguments of commands.
const count: Schema = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }
const sha256: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$' }
const source: Schema = {
  type: 'object',
  properties: {
    commit: { type: 'string', pattern: '^([0-9a-f]{40}|[0-9a-f]{64})$' },
    dirty: { type: 'boolean' },
  },
}

const releaseSchema: Schema = {
  type: 'object',
  required: ['appliance', 'number', 'app', 'source', 'digest'],
  properties: {
    appliance: { type: 'string' },
    number: count,
    app: { type: 'string' },
    source,
    digest: sha256,
    rollbackOf: count,
    restore: count,
  },
}

const manifestSchema: Schema = {
  type: 'object',
  required: ['app', 'source', 'system', 'artefacts'],
  properties: {
    app: { type: 'string' },
    source,
    system: { type: 'object' },
    artefacts: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'path', 'bytes', 'sha256'],
        properties: {
          name: { type: 'string' },
          path: {
            type: 'string',
            pattern: '^[\\w-][\\w.-]*(/[\\w-][\\w.-]*)*$',
            patternErrorMessage: 'a path in the release',
          },
          bytes: { type: 'integer', minimum: 0 },
          sha256,
        },
      },
    },
  },
}

const compiled = new Map<Schema, ValidateFunction>()

/** Checks a `release.json`. */
export function releaseProblems(file: ReleaseFile): Problem[] {
  return problemsOf(file, releaseSchema)
}

/** Checks a `manifest.json` and its configuration; adds defaults of keys that are newer than it. */
export function manifestProblems(manifest: Manifest): Problem[] {
  const problems = problemsOf(manifest, manifestSchema)
  if (problems.length > 0) return problems
  return schemaProblems(manifest.system).map(({ pointer, text }) => ({ pointer: `/system${pointer}`, text }))
}

function problemsOf(value: unknown, schema: Schema): Problem[] {
  const validate = compiled.get(schema) ?? createAjv().compile(schema)
  compiled.set(schema, validate)
  return validate(value) ? [] : explain(validate.errors as ErrorObject[], value, schema)
}
