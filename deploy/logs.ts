import { main } from '../build/lib/main.ts'
import { configuredTarget } from './command.ts'
import { verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy:logs --',
    summary: "Prints the machine's console and follows it until the machine ends or Ctrl-C.",
    options: { 'no-follow': { type: 'boolean' }, json: { type: 'boolean' } },
    help: {
      'no-follow': 'print what there is, and end',
      json: 'one JSON object a line: the events as they are, other output as {"text": …}',
    },
  },
  async ({ values }) => {
    const { target, context } = await configuredTarget()
    const print = values.json === true ? (text: string) => context.print(asJson(text)) : context.print
    await verb(target, 'logs')({ ...context, print }, values['no-follow'] !== true)
  },
)

/** System events are JSON already; everything else on the console is text. */
function asJson(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => (isEvent(line) ? `${line}\n` : `${JSON.stringify({ text: line })}\n`))
    .join('')
}

function isEvent(line: string): boolean {
  try {
    return line.startsWith('{') && typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}
