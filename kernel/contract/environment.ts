/** A variable with a quoted value, which can have several lines. */
const quoted = /^([^\n=#]*=[ \t]*)(["'`])[^]*?\2.*/gm
/** An empty line, a comment or `NAME=value`. */
const proper = /^\s*(#.*|(export\s+)?[A-Za-z_]\w*\s*=.*)?$/

/** The same, or a variable with a blank value. */
const quotedOrBlank = new RegExp(`${quoted.source}|^([^\\n=#]*=)[ \\t\\r]+$`, 'gm')

export const variableName = /^[A-Za-z_]\w*$/

/**
 * Returns the first invalid line, from 1, of a text in dotenv's syntax. It is usually part of a value that should be
 * quoted, so it may contain a secret.
 */
export function strayLine(text: string): number | undefined {
  const lines = text
    .replaceAll('\r', '')
    .replaceAll(quoted, (entry, start: string) => start + entry.replaceAll(/[^\n]/g, ''))
    .split('\n')
  const index = lines.findIndex((line) => !proper.test(line))
  return index < 0 ? undefined : index + 1
}

/** Parses variables in dotenv's syntax. */
export function parseVariables(text: string): Record<string, string> {
  // Node 24 reads the next line as the value of a variable with a blank value.
  const plain = text.replaceAll(quotedOrBlank, (entry, _start, _quote, blank?: string) => blank ?? entry)
  return process.getBuiltinModule('node:util').parseEnv(plain) as Record<string, string>
}

/** Applies a JSON merge patch (RFC 7396): null removes a key, objects merge, any other value replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged = new Map(Object.entries(isObject(target) ? target : {}))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else merged.set(key, mergePatch(merged.get(key), value))
  }
  return Object.fromEntries(merged)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
