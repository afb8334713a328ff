import { toolVariables } from './lib/env.ts'
import { UserError } from './lib/errors.ts'
import { type Json, parseJson } from './lib/json.ts'
import { nearest } from './explain.ts'
import type { Schema, Setting } from './schema.ts'

/** Variables that the tools set for themselves. */
const internalVariables = ['NODEOS_INSTALLING']

/** A setting found in the environment; `source` is its name in messages. */
export interface Override {
  setting: Setting
  source: string
  value: Json
}

export interface Overrides {
  overrides: Override[]
  errors: string[]
}

/**
 * Reads the NODEOS_* variables: those that set the configuration as values of their types, in the
 * schema's order, so that NODEOS_MACHINE_MEMORY refines NODEOS_MACHINE.
 *
 * @param where put before the names in messages, e.g. `.env: `
 */
export function readVariables(env: NodeJS.ProcessEnv, settings: Setting[], where = ''): Overrides {
  const errors: string[] = []
  const known = [...settings.map(({ variable }) => variable), ...Object.keys(toolVariables)]
  const accepted = new Set([...known, ...internalVariables])
  for (const name of Object.keys(env)) {
    if (!name.startsWith('NODEOS_') || accepted.has(name)) continue
    const suggestion = nearestVariable(name, known)
    const help =
      suggestion === undefined
        ? 'config/README.md and .env.example list the valid names'
        : `did you mean ${suggestion}?`
    errors.push(`${where}${name}: unknown variable; ${help}`)
  }
  const overrides = settings.flatMap((setting) => {
    const text = env[setting.variable]
    if (text === undefined) return []
    const source = `${where}${setting.variable}`
    try {
      return [{ setting, source, value: valueOf(text, setting.schema, source) }]
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      errors.push(error.message)
      return []
    }
  })
  return { overrides, errors }
}

/** Compares names without their common prefix; also finds NODEOS_MACHINE_MEMORY for NODEOS_MEMORY. */
function nearestVariable(name: string, known: string[]): string | undefined {
  const prefix = 'NODEOS_'
  const rest = name.slice(prefix.length)
  const meant = nearest(
    rest,
    known.map((variable) => variable.slice(prefix.length)),
  )
  return meant === undefined ? known.find((variable) => variable.endsWith(`_${rest}`)) : `${prefix}${meant}`
}

/** Parses a value of the schema's type; returns an invalid one unchanged, for the schema to reject. */
function valueOf(text: string, schema: Schema, source: string): Json {
  const choices = [schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]
  if (choices.some((choice) => choice.const === text)) return text
  const types = new Set(choices.map(({ type }) => type))
  if (types.has('object')) return parseJson(text, source)
  if (types.has('array')) {
    if (choices.every(({ items }) => items?.type !== 'string') || text.trimStart().startsWith('['))
      return parseJson(text, source)
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  }
  if (types.has('boolean') && /^(true|false)$/.test(text)) return text === 'true'
  if ((types.has('integer') || types.has('number')) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  return text
}
