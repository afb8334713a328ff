import type { ErrorObject } from 'ajv'
import { child, valueAt } from './pointer.ts'
import { type Schema, schemaAt } from './schema.ts'

/** One error in the configuration. */
export interface Problem {
  /** JSON pointer. */
  pointer: string
  /** Follows the key in a message: the rule, the value that was found, and the nearest valid value. */
  text: string
}

const ofChoice = new Set(['const', 'type', 'oneOf'])

/** Describes ajv's errors in words: one problem for each key, however many errors ajv reports for it. */
export function explain(errors: readonly ErrorObject[], value: unknown, schema: Schema): Problem[] {
  const problems = new Map<string, Problem>()
  for (const error of errors) {
    // Of a value that may be a list, ajv reports that it is nothing else, too.
    const inner = `${error.instancePath}/`
    if (ofChoice.has(error.keyword) && errors.some(({ instancePath }) => instancePath.startsWith(inner)))
      continue
    // A propertyNames error for the same name follows.
    if (error.propertyName !== undefined && error.keyword !== 'propertyNames') continue
    const problem = explainOne(error, value, schema)
    if (!problems.has(problem.pointer)) problems.set(problem.pointer, problem)
  }
  return [...problems.values()]
}

function explainOne(error: ErrorObject, value: unknown, schema: Schema): Problem {
  const { instancePath: pointer, keyword } = error
  const params = error.params as Record<string, unknown>
  const here = schemaAt(schema, pointer)
  if (keyword === 'additionalProperties') {
    const name = String(params['additionalProperty'])
    return { pointer: child(pointer, name), text: `unknown key; ${suggest(name, keysOf(here), 'keys')}` }
  }
  if (keyword === 'required') {
    const name = String(params['missingProperty'])
    const wanted = here?.properties?.[name]
    const text = wanted === undefined ? 'missing' : `missing; must be ${allowed(wanted)}`
    return { pointer: child(pointer, name), text }
  }
  if (keyword === 'propertyNames') {
    const name = String(params['propertyName'])
    const text = `invalid name; must be ${allowed(here?.propertyNames ?? {})}`
    return { pointer: child(pointer, name), text }
  }
  const found = valueAt(value, pointer)
  if (keyword === 'uniqueItems') return { pointer, text: `must not contain duplicates, got ${quote(found)}` }
  const rule = here === undefined ? error.message : `must be ${allowed(here)}`
  const values = here?.enum?.filter((item) => typeof item === 'string') ?? []
  const meant = typeof found === 'string' ? nearest(found, values) : undefined
  const suggestion = meant === undefined ? '' : `; did you mean ${quote(meant)}?`
  return { pointer, text: `${rule}, got ${quote(found)}${suggestion}` }
}

function keysOf(schema: Schema | undefined): string[] {
  return Object.keys(schema?.properties ?? {}).filter((name) => name !== '$schema')
}

/** Suggests the nearest name, or lists all of them when none is near. */
export function suggest(name: string, names: string[], what: string): string {
  const meant = nearest(name, names)
  if (meant !== undefined) return `did you mean ${quote(meant)}?`
  return names.length === 0 ? `there are no valid ${what}` : `valid ${what}: ${names.join(', ')}`
}

/** Formats a value as JSON, truncated when it is long. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

const formatWords: Record<string, string> = {
  cidr: 'an IPv4 address with a prefix length, such as 192.0.2.10/24',
  hostname: 'a host or domain name',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
}

/** Describes the values that a schema allows, to follow "must be". */
export function allowed(schema: Schema): string {
  if (schema.enum !== undefined) return either(schema.enum.map(quote))
  if (schema.const !== undefined) return quote(schema.const)
  const choices = schema.oneOf ?? schema.anyOf
  if (choices !== undefined) return either(choices.map(allowed))
  switch (schema.type) {
    case 'integer':
      return `an integer${range(schema)}`
    case 'number':
      return `a number${range(schema)}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return `${count(schema)}, each item ${allowed(schema.items ?? {})}`
    case 'object':
      return 'an object'
    default:
      return text(schema)
  }
}

function text({ format, pattern, patternErrorMessage, minLength, maxLength }: Schema): string {
  const kind =
    (format === undefined ? undefined : (formatWords[format] ?? format)) ??
    patternErrorMessage ??
    (pattern === undefined ? undefined : `a string that matches ${pattern}`) ??
    (minLength === undefined ? 'a string' : 'a non-empty string')
  return maxLength === undefined ? kind : `${kind} of at most ${maxLength} characters`
}

/** Joins alternatives: `a, b or c`. */
function either(choices: string[]): string {
  return [choices.slice(0, -1).join(', '), ...choices.slice(-1)].filter((part) => part !== '').join(' or ')
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string {
  const low = minimum ?? exclusiveMinimum
  const high = maximum ?? exclusiveMaximum
  const from = exclusiveMinimum === undefined ? 'of at least' : 'greater than'
  const to = exclusiveMaximum === undefined ? 'at most' : 'less than'
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  if (low !== undefined && high !== undefined) return ` ${from} ${low} and ${to} ${high}`
  if (low !== undefined) return ` ${from} ${low}`
  if (high !== undefined) return exclusiveMaximum === undefined ? ` of at most ${high}` : ` less than ${high}`
  return ''
}

function count({ minItems, maxItems, uniqueItems }: Schema): string {
  const bounds = [
    ...(minItems === undefined ? [] : [`at least ${minItems}`]),
    ...(maxItems === undefined ? [] : [`at most ${maxItems}`]),
    ...(uniqueItems === true ? ['no duplicates'] : []),
  ]
  return bounds.length === 0 ? 'a list' : `a list (${bounds.join(', ')})`
}

/** Finds the candidate with the fewest edits, if they are few for its length. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase()
  let best: { name: string; edits: number } | undefined
  for (const name of candidates) {
    const edits = distance(wanted, name.toLowerCase())
    if (edits <= Math.max(2, word.length / 3) && edits < (best?.edits ?? Infinity)) best = { name, edits }
  }
  return best?.name
}

/** Counts the insertions, deletions and replacements between two words (Levenshtein). */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [row, letter] of from.split('').entries()) {
    const current = [row + 1]
    for (const [column, other] of to.split('').entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1)
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1))
    }
    previous = current
  }
  return previous.at(-1) ?? 0
}
