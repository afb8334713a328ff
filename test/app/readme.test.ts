import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../../config/lib/paths.ts'
import { appSchemaPath, readSchema } from '../../config/schema.ts'

interface Node {
  type?: string
  enum?: readonly string[]
  minimum?: number
  exclusiveMinimum?: number
  maximum?: number
  default?: unknown
  description?: string
  properties?: Record<string, Node>
  additionalProperties?: boolean | Node
  items?: Node
}

/** One row for each key of the schema, as app/README.md has them. */
function* rows(node: Node, key: string): Generator<string> {
  const { properties, additionalProperties, items } = node
  if (properties !== undefined)
    for (const [name, child] of Object.entries(properties)) {
      if (name !== '$schema') yield* rows(child, key === '' ? name : `${key}.${name}`)
    }
  else if (typeof additionalProperties === 'object') yield* rows(additionalProperties, `${key}.<name>`)
  else if (items?.properties !== undefined) yield* rows(items, `${key}[]`)
  else yield `| \`${key}\` | ${allowed(node)} | ${defaultOf(node)} | ${node.description ?? ''} |`
}

function allowed({ type, enum: values, minimum, exclusiveMinimum, maximum }: Node): string {
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ')
  if (maximum !== undefined)
    return minimum === undefined
      ? `more than ${exclusiveMinimum}, up to ${maximum}`
      : `${minimum} to ${maximum}`
  if (type === 'boolean') return '`true`, `false`'
  return type === 'array' ? 'list' : 'text'
}

function defaultOf({ default: value }: Node): string {
  if (value === undefined || Array.isArray(value)) return ''
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

await t.test('app/README.md describes every key of the configuration as its schema does', (t) => {
  const readme = readFileSync(join(root, 'app/README.md'), 'utf8')
    .replaceAll(/ +/g, ' ')
    .replaceAll(String.raw`\*`, '*')
  for (const row of rows(readSchema(appSchemaPath) as Node, ''))
    t.ok(readme.includes(row.replaceAll(/ +/g, ' ')), `expected this row: ${row}`)
  t.end()
})
