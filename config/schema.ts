import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from './lib/json.ts'
import { child, steps } from './pointer.ts'

/** The subset of JSON Schema that our schemas use. */
export interface Schema {
  $id?: string
  title?: string
  type?: string
  description?: string
  default?: Json
  enum?: Json[]
  const?: Json
  oneOf?: Schema[]
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  propertyNames?: Schema
  items?: Schema
  pattern?: string
  /** Describes what the pattern accepts, to follow "must be"; editors show it too. */
  patternErrorMessage?: string
  format?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
}

/** One key of the configuration, e.g. `machine.memory`, which `NODEOS_MACHINE_MEMORY` sets. */
export interface Setting {
  key: string
  pointer: string
  variable: string
  schema: Schema
}

export const schemaPath: string = join(import.meta.dirname, 'system.schema.json')

/** Schema of config/app.json; optional. */
export const appSchemaPath: string = join(import.meta.dirname, 'app.schema.json')

export function readSchema(path: string = schemaPath): Schema {
  return JSON.parse(readFileSync(path, 'utf8')) as Schema
}

/** Lists every key, groups included; a group precedes its members. */
export function settings(schema: Schema, pointer = ''): Setting[] {
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== '$schema')
    .flatMap(([name, inner]) => {
      const here = child(pointer, name)
      const path = steps(here)
      const setting = { key: path.join('.'), pointer: here, variable: variableName(path), schema: inner }
      return [setting, ...settings(inner, here)]
    })
}

function variableName(path: string[]): string {
  const words = path.map((name) => name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase())
  return ['NODEOS', ...words].join('_')
}

/** Returns the schema of the value at a JSON pointer; undefined where the schema has none. */
export function schemaAt(schema: Schema, pointer: string): Schema | undefined {
  return steps(pointer).reduce<Schema | undefined>((found, step) => {
    const named = found?.properties?.[step]
    if (named !== undefined) return named
    const list = found?.oneOf?.find(({ items }) => items !== undefined) ?? found
    if (list?.items !== undefined) return list.items
    return typeof found?.additionalProperties === 'object' ? found.additionalProperties : undefined
  }, schema)
}
