import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { isObject, readJson, writeJson } from '../../config/lib/json.ts'
import type { Inputs } from './key.ts'

/** `<key>.json` in the folder of pins: the bytes that an entry of a foreign store must have, and how they were made. */
export interface EntryPin {
  /** Everything that determines the entry, except for the tools: `key` is their hash. */
  inputs: Inputs
  files: Record<string, { bytes: number; sha256: string }>
  made: {
    /** The command that makes it. */
    command: string
    distribution: string
    /** Compilers and C libraries. Another one can give other bytes, which work as well. */
    tools: Inputs
  }
  /** The exact source of a program under the GPL, which whoever passes the entry on must offer. */
  source?: { name: string; version: string; bytes: number; sha256: string }
}

/** Reads a pin; returns undefined if the key is not pinned. @throws {UserError} when it is invalid */
export async function readPin(folder: string, key: string): Promise<EntryPin | undefined> {
  const path = join(folder, `${key}.json`)
  const value = readJson(path, path)
  if (value === undefined) return undefined
  const files = isObject(value) && isObject(value['files']) ? Object.entries(value['files']) : []
  const valid = files.every(
    ([name, file]) =>
      /^[\w.-]+$/.test(name) &&
      isObject(file) &&
      Number.isSafeInteger(file['bytes']) &&
      typeof file['sha256'] === 'string' &&
      /^[0-9a-f]{64}$/.test(file['sha256']),
  )
  if (files.length === 0 || !valid) {
    throw new UserError(`${path} is not a valid pin`, {
      hint: 'restore it from git, or delete it and run: npm run store -- add <folder> --pin',
    })
  }
  return value as unknown as EntryPin
}

/** Reads all pins of a kind, by key. */
export async function readPins(folder: string, kind: string): Promise<Map<string, EntryPin>> {
  const names = await readdir(folder).catch(() => [])
  const keys = names.flatMap((name) => (name.startsWith(`${kind}-`) ? [name.replace(/\.json$/, '')] : []))
  const pins = new Map<string, EntryPin>()
  for (const key of keys.sort()) {
    const pin = await readPin(folder, key)
    if (pin !== undefined) pins.set(key, pin)
  }
  return pins
}

/** Writes a pin. */
export async function writePin(folder: string, key: string, pin: EntryPin): Promise<void> {
  await writeJson(join(folder, `${key}.json`), pin)
}
