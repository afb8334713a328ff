import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'dotenv'
import { UserError } from '../build/lib/errors.ts'
import { type Json, parseJson } from './json.ts'
import { nearest } from './nearest.ts'
import type { Schema, Setting } from './schema.ts'

/** Variables that steer the tools rather than describe the machine; `.env.example` explains them. */
export const toolVariables: Record<string, string> = {
  NODEOS_CACHE:
    'further stores of finished work, read before compiling: folders or https: URLs, comma separated',
  NODEOS_ACCEL: 'kvm or tcg: how QEMU runs the machine here; found out when left out',
  NODEOS_SKIP_SETUP: '1: npm install and npm test install no packages on the host',
  NODEOS_HOST: 'folder of npm run host: repositories, releases and machines; ~/nodeos when left out',
  NODEOS_JOBS: 'how many compilers run at once; one per CPU when left out',
}

/** Marks that the tools set for themselves. */
const internalVariables = ['NODEOS_INSTALLING']

/** Takes the tools' variables that a folder's `.env` has and the environment lacks into the environment. */
export function loadToolVariables(root: string, env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(readDotenv(root))) {
    if (name in toolVariables) env[name] ??= value
  }
}

/** A setting found in the environment; `source` is how messages call it. */
export interface Override {
  setting: Setting
  source: string
  value: Json
}

export interface Overrides {
  overrides: Override[]
  errors: string[]
}

/** The NODEOS_* variables of a folder's `.env`; none when there is no such file. */
export function readDotenv(root: string): Record<string, string> {
  let text: string
  try {
    text = readFileSync(join(root, '.env'), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw error
  }
  return Object.fromEntries(Object.entries(parse(text)).filter(([name]) => name.startsWith('NODEOS_')))
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
    const help = suggestion === undefined ? '.env.example lists the names' : `did you mean ${suggestion}?`
    errors.push(`${where}${name}: there is no such variable; ${help}`)
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

/** The same prefix makes no name near. NODEOS_MEMORY is NODEOS_MACHINE_MEMORY without its group. */
function nearestVariable(name: string, known: string[]): string | undefined {
  const prefix = 'NODEOS_'
  const rest = name.slice(prefix.length)
  const meant = nearest(
    rest,
    known.map((variable) => variable.slice(prefix.length)),
  )
  return meant === undefined ? known.find((variable) => variable.endsWith(`_${rest}`)) : `${prefix}${meant}`
}

/** The text as a value of the schema's type; left as it is when it is none, for the schema to refuse. */
function valueOf(text: string, schema: Schema, source: string): Json {
  const types = new Set([schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].map(({ type }) => type))
  if (types.has('object')) return parseJson(text, source)
  if (types.has('array')) {
    if (schema.items?.type !== 'string' || text.trimStart().startsWith('[')) return parseJson(text, source)
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  }
  if (types.has('boolean') && /^(true|false)$/.test(text)) return text === 'true'
  if ((types.has('integer') || types.has('number')) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  return text
}
