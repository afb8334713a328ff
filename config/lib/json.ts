import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { writeAtomic } from './atomic.ts'
import { UserError } from './errors.ts'

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json
}

/** Returns whether a value is an object of JSON: neither null nor a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads a JSON file that a person writes; returns undefined when it does not exist.
 *
 * @param name of the file in messages
 * @throws {UserError} with line and column when it is not valid JSON
 */
export function readJson(path: string, name: string): Json | undefined {
  if (!existsSync(path)) return undefined
  return parseJson(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''), name)
}

/** Parses JSON that a person writes. @throws {UserError} with line and column when the text is not valid JSON */
export function parseJson(text: string, name: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const before = text.slice(0, errorOffset(text, error.message)).split('\n')
    const reason = error.message.replace(/ in JSON at position.*| is not valid JSON|, (\.\.\.)?".*$/gs, '')
    throw new UserError(
      `${name}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}: not valid JSON: ${reason}`,
      { cause: error },
    )
  }
}

/** Parses JSON that a program wrote; returns `otherwise` when the text is not valid JSON. */
export function parseOr<T>(text: string, otherwise: T): T {
  try {
    return JSON.parse(text) as T
  } catch {
    return otherwise
  }
}

/** Reads a JSON file that the tools wrote; returns undefined when it does not exist or is not valid JSON. */
export async function readOwnJson<T>(path: string): Promise<T | undefined> {
  return parseOr<T | undefined>(await readFile(path, 'utf8').catch(() => ''), undefined)
}

/** Writes a JSON file at once: a reader finds the old content or the new one. */
export async function writeJson(path: string, value: unknown, mode?: number): Promise<void> {
  await writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`, mode)
}

/** V8 reports the position of all errors but two: an unexpected token and an unexpected end. */
function errorOffset(text: string, message: string): number {
  const position = /at position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return Number(position)
  if (!message.startsWith('Unexpected token')) return text.length
  for (let length = 1; length < text.length; length++) {
    if (isUnexpected(text.slice(0, length))) return length - 1
  }
  return text.length - 1
}

function isUnexpected(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (error) {
    return error instanceof SyntaxError && error.message.startsWith('Unexpected token')
  }
}
