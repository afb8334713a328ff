import { styleText } from 'node:util'

/**
 * Formats rows in columns under a heading, indented.
 *
 * @param flushRight columns to align at the right, such as numbers
 */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  flushRight: readonly number[] = [],
): string {
  const all = [heading, ...rows]
  const width = (column: number): number => Math.max(...all.map((row) => (row[column] ?? '').length))
  return all
    .map((row, index) => {
      const cells = row.map((cell, i) =>
        flushRight.includes(i) ? cell.padStart(width(i)) : cell.padEnd(width(i)),
      )
      const line = cells.join('  ').trimEnd()
      return `  ${index === 0 ? styleText('bold', line) : line}\n`
    })
    .join('')
}
