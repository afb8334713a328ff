import { main } from '../config/lib/main.ts'
import { configuredTarget } from './command.ts'
import { verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy:logs --',
    summary:
      "Prints the machine's console and follows it until the machine ends or you press Ctrl-C.\n\nexample: npm run deploy:logs -- --no-follow --json",
    options: { 'no-follow': { type: 'boolean' }, json: { type: 'boolean' } },
    help: {
      'no-follow': 'print the console so far and exit',
      json: 'print one JSON object per line: events unchanged, other output as {"text": …}',
    },
  },
  async ({ values }) => {
    const { target, context } = await configuredTarget()
    const lines = jsonLines(context.print)
    const print = values.json === true ? lines.write : context.print
    await verb(target, 'logs')({ ...context, print }, values['no-follow'] !== true)
    lines.end()
  },
)

/**
 * Prints one JSON object a line: system events are JSON already, everything else on the console is text.
 *
 * @returns `write`, which takes the console in pieces of any length, and `end`, for a last line that has no end
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
