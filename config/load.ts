import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SystemConfig } from './system.types.ts'

function fill(schema: any, value: any): any {
  if (schema.properties === undefined || schema.type !== 'object') {
    return Array.isArray(value) && schema.items ? value.map((v: any) => fill(schema.items, v)) : value
  }
  const out: any = { ...value }
  for (const [k, s] of Object.entries<any>(schema.properties)) {
    if (out[k] === undefined && 'default' in s) out[k] = structuredClone(s.default)
    if (out[k] !== undefined) out[k] = fill(s, out[k])
  }
  return out
}

export async function loadConfig(): Promise<SystemConfig> {
  const read = (n: string) => JSON.parse(readFileSync(join(import.meta.dirname, n), 'utf8'))
  return fill(read('system.schema.json'), read('system.json'))
}
