/** A variable whose value stands in quotes, over several lines perhaps. */
const quoted = /^([^\n=#]*=[ \t]*)(["'`])[^]*?\2.*/gm
/** Nothing, a comment or `NAME=value`. */
const proper = /^\s*(#.*|(export\s+)?[A-Za-z_]\w*\s*=.*)?$/

/** The same, or a variable whose value is nothing but blanks. */
const quotedOrBlank = new RegExp(`${quoted.source}|^([^\\n=#]*=)[ \\t\\r]+$`, 'gm')

export const variableName = /^[A-Za-z_]\w*$/

/**
 * The first line, counted from 1, of a text in dotenv's syntax that is neither empty, nor a comment, nor
 * `NAME=value`: the rest of a value that should stand in quotes, as a rule. What follows it cannot be told from
 * a name, and may be a secret.
 */
export function strayLine(text: string): number | undefined {
  const lines = text
    .replaceAll('\r', '')
    .replaceAll(quoted, (entry, start: string) => start + entry.replaceAll(/[^\n]/g, ''))
    .split('\n')
  const index = lines.findIndex((line) => !proper.test(line))
  return index < 0 ? undefined : index + 1
}

/** Variables in dotenv's syntax. */
export function parseVariables(text: string): Record<string, string> {
  // Node 24 takes the next line for the value of a variable that is followed by blanks only.
  const plain = text.replaceAll(quotedOrBlank, (entry, _start, _quote, blank?: string) => blank ?? entry)
  return process.getBuiltinModule('node:util').parseEnv(plain) as Record<string, string>
}
