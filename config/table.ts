import { allowed } from './explain.ts'
import { type Schema, type Setting, settings } from './schema.ts'

const begin = '<!-- config:begin -->'
const end = '<!-- config:end -->'
const head = ['Key', 'Value', 'Default', 'Description', 'Environment variable']

/** Formats the schema as Markdown: a table of the keys outside of groups, then a section for each group. */
export function configReference(schema: Schema): string {
  const top = { properties: entries(schema, ({ properties }) => properties === undefined) }
  const groups = Object.entries(entries(schema, ({ properties }) => properties !== undefined))
  const sections = groups.map(([name, group]) => {
    const table = configTable(settings({ properties: { [name]: group } }))
    return `### \`${name}\`\n\n${group.description ?? ''}\n\n${table}`
  })
  return [configTable(settings(top)), ...sections].join('\n\n')
}

function entries(schema: Schema, wanted: (inner: Schema) => boolean): Record<string, Schema> {
  return Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([, inner]) => wanted(inner)))
}

/** Formats settings as a Markdown table, one row for each key. */
export function configTable(listed: Setting[]): string {
  const rows = listed
    .filter(({ schema }) => schema.properties === undefined)
    .flatMap(({ key, schema, variable }) => [
      row(key, schema, `\`${variable}\``),
      ...Object.entries(schema.items?.properties ?? {}).map(([name, inner]) =>
        row(`${key}[].${name}`, inner, ''),
      ),
    ])
  const cells = [head, ...rows].map((line) => line.map((cell) => cell.replaceAll(/[|<]/g, String.raw`\$&`)))
  const widths = head.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)))
  const [first = '', ...others] = cells.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  )
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [first, rule, ...others].join('\n')
}

function row(key: string, schema: Schema, variable: string): string[] {
  const preset = schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``
  return [`\`${key}\``, allowed(schema), preset, schema.description ?? '', variable]
}

/** Replaces the text between the markers of config/README.md; undefined when it has no markers. */
export function replaceReference(readme: string, reference: string): string | undefined {
  const start = readme.indexOf(begin)
  const stop = readme.indexOf(end)
  if (start === -1 || stop < start) return undefined
  return `${readme.slice(0, start)}${begin}\n\n${reference}\n\n${readme.slice(stop)}`
}
