import type { ErrorObject } from 'ajv'
import { nearest } from './nearest.ts'
import { child, valueAt } from './pointer.ts'
import { type Schema, schemaAt } from './schema.ts'

/** What is wrong at one place of the configuration. */
export interface Problem {
  /** JSON pointer. */
  pointer: string
  /** Whole sentence pieces: what was found, what is allowed, what was probably meant. */
  text: string
}

/** Says in words what ajv found: one problem a place, however many of ajv's errors it has. */
export function explain(errors: readonly ErrorObject[], value: unknown, schema: Schema): Problem[] {
  const problems = new Map<string, Problem>()
  for (const error of errors) {
    // The propertyNames error that follows says the same of the name.
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
    return { pointer: child(pointer, name), text: `there is no such key; ${suggest(name, keysOf(here))}` }
  }
  if (keyword === 'required') {
    const name = String(params['missingProperty'])
    const wanted = here?.properties?.[name]
    const text = wanted === undefined ? 'is missing' : `is missing; allowed: ${allowed(wanted)}`
    return { pointer: child(pointer, name), text }
  }
  if (keyword === 'propertyNames') {
    const name = String(params['propertyName'])
    const text = `bad name ${quote(name)}; allowed: ${allowed(here?.propertyNames ?? {})}`
    return { pointer: child(pointer, name), text }
  }
  const found = valueAt(value, pointer)
  if (keyword === 'uniqueItems') return { pointer, text: `found ${quote(found)}; the same value twice` }
  const allowedText = here === undefined ? error.message : allowed(here)
  const values = here?.enum?.filter((item) => typeof item === 'string') ?? []
  const meant = typeof found === 'string' ? nearest(found, values) : undefined
  const suggestion = meant === undefined ? '' : `; did you mean ${quote(meant)}?`
  return { pointer, text: `found ${quote(found)}; allowed: ${allowedText}${suggestion}` }
}

function keysOf(schema: Schema | undefined): string[] {
  return Object.keys(schema?.properties ?? {}).filter((name) => name !== '$schema')
}

/** "did you mean x?", or all the names when none is near. */
export function suggest(name: string, names: string[]): string {
  const meant = nearest(name, names)
  if (meant !== undefined) return `did you mean ${quote(meant)}?`
  return names.length === 0 ? 'there is none' : `there is: ${names.join(', ')}`
}

/** A value as it stands in a JSON file, cut when it is long. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

const formatWords: Record<string, string> = {
  cidr: 'an IPv4 address and prefix length such as 192.0.2.10/24',
  hostname: 'a host or domain name',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
}

/** What a schema allows, in words. */
export function allowed(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map(quote).join(', ')
  if (schema.const !== undefined) return quote(schema.const)
  const choices = schema.oneOf ?? schema.anyOf
  if (choices !== undefined) return choices.map(allowed).join(' or ')
  switch (schema.type) {
    case 'integer':
      return `a whole number${range(schema)}`
    case 'number':
      return `a number${range(schema)}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return `${count(schema)}, each ${allowed(schema.items ?? {})}`
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
    (pattern === undefined ? undefined : `text that matches ${pattern}`) ??
    (minLength === undefined ? 'text' : 'text that is not empty')
  return maxLength === undefined ? kind : `${kind}, at most ${maxLength} characters`
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string {
  const low = minimum ?? exclusiveMinimum
  const high = maximum ?? exclusiveMaximum
  const from = exclusiveMinimum === undefined ? 'from' : 'above'
  const to = exclusiveMaximum === undefined ? 'to' : 'below'
  if (low !== undefined && high !== undefined) return ` ${from} ${low} ${to} ${high}`
  if (low !== undefined) return exclusiveMinimum === undefined ? `, at least ${low}` : `, above ${low}`
  if (high !== undefined) return exclusiveMaximum === undefined ? `, at most ${high}` : `, below ${high}`
  return ''
}

function count({ minItems, maxItems, uniqueItems }: Schema): string {
  const bounds = [
    ...(minItems === undefined ? [] : [`at least ${minItems}`]),
    ...(maxItems === undefined ? [] : [`at most ${maxItems}`]),
    ...(uniqueItems === true ? ['none twice'] : []),
  ]
  return bounds.length === 0 ? 'a list' : `a list (${bounds.join(', ')})`
}
