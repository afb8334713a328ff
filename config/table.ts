import { allowed } from './explain.ts'
import { type Schema, settings } from './schema.ts'

const begin = '<!-- config:begin -->'
const end = '<!-- config:end -->'

/** The configuration as a Markdown table, one row a key, aligned as the formatter likes it. */
export function configTable(schema: Schema): string {
  const rows = settings(schema)
    .filter(({ schema }) => schema.properties === undefined)
    .map(({ key, schema, variable }) => [
      `\`${key}\``,
      allowed(schema),
      schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``,
      schema.description ?? '',
      `\`${variable}\``,
    ])
  const head = ['Key', 'Allowed', 'Default', 'What it is', 'Environment variable']
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll(/[|<]/g, String.raw`\$&`)))
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const [first = '', ...others] = cells.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  )
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [first, rule, ...others].join('\n')
}

/** Puts the table between README's markers; undefined when it has none. */
export function replaceTable(readme: string, table: string): string | undefined {
  const start = readme.indexOf(begin)
  const stop = readme.indexOf(end)
  if (start === -1 || stop < start) return undefined
  return `${readme.slice(0, start)}${begin}\n\n${table}\n\n${readme.slice(stop)}`
}
