/**
 * Prints one JSON object a line: system events are JSON already, everything else on the console is text.
 *
 * @returns `write`, which takes the console in pieces of any length, and `end`, for an unfinished last line
 */
export function jsonLines(print: (text: string) => void): { write: (text: string) => void; end: () => void } {
  let unfinished = ''
  const write = (text: string): void => {
    const lines = `${unfinished}${text}`.split('\n')
    unfinished = lines.pop() ?? ''
    print(
      lines
        .filter((line) => line.trim() !== '')
        .map((line) => (isEvent(line) ? `${line}\n` : `${JSON.stringify({ text: line })}\n`))
        .join(''),
    )
  }
  return { write, end: () => write('\n') }
}

function isEvent(line: string): boolean {
  try {
    return line.startsWith('{') && typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}
