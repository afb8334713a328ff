import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Recoverable, start } from 'node:repl'
import { callbackify } from 'node:util'
import { main } from '../config/lib/main.ts'
import { dist } from '../config/lib/paths.ts'
import { configuredControl, positiveNumber } from './command.ts'
import { type Control, ControlError } from './control/client.ts'
import { completionSource, completionsOf, isUnfinished, prepare } from './control/line.ts'

await main(
  import.meta,
  {
    usage: 'npm run repl --',
    summary:
      "Evaluates JavaScript in the running app: what you type, or what is piped in.\n\nexample: npm run repl -- -e 'process.memoryUsage()'",
    options: { eval: { type: 'string', short: 'e' }, worker: { type: 'string' } },
    help: {
      eval: 'evaluate this, print the value and exit; short: -e',
      worker: 'number of the worker, where several processes run the app; default 1',
    },
  },
  async ({ values }) => {
    const worker = values.worker === undefined ? {} : { worker: positiveNumber('--worker', values.worker) }
    const control = await configuredControl()
    const evaluate = (source: string, colors: boolean): Promise<string> =>
      control.call('repl', { source: prepare(source), colors, ...worker })
    try {
      if (values.eval !== undefined) await once(values.eval, evaluate)
      else if (process.stdin.isTTY) await converse(control, evaluate)
      else await once(await text(process.stdin), evaluate)
    } finally {
      control.close()
    }
  },
)

type Evaluate = (source: string, colors: boolean) => Promise<string>

async function once(source: string, evaluate: Evaluate): Promise<void> {
  try {
    const shown = await evaluate(source, process.stdout.isTTY)
    if (shown !== 'undefined') process.stdout.write(`${shown}\n`)
  } catch (error) {
    if (!isThrown(error)) throw error
    process.stderr.write(`Uncaught ${error.remoteStack}\n`)
    process.exitCode = 1
  }
}

/** Until Ctrl-D. */
async function converse(control: Control, evaluate: Evaluate): Promise<void> {
  const { pid, node, uptime } = await control.call('status', {})
  process.stdout.write(
    `In the app: Node ${node}, pid ${pid}, up for ${Math.round(uptime)} s. ` +
      'await, import() and require work; $_ is the last value. Ctrl-D exits.\n',
  )
  const answer = callbackify((source: string) => reply(source, evaluate))
  const server = start({
    preview: false,
    ignoreUndefined: true,
    writer: (shown: string) => shown,
    // Whether a line goes on is known at once: the next one may be there already, pasted.
    eval: (source, _context, _file, done) =>
      isUnfinished(source) ? done(new Recoverable(new SyntaxError()), undefined) : answer(source, done),
    completer: callbackify((line: string) => completions(line, evaluate)),
  })
  server.setupHistory(join(dist, 'run', 'repl_history'), () => undefined)
  await new Promise<void>((resolve) => server.once('exit', () => resolve()))
}

/** What to print for a line; nothing for one that is empty. */
async function reply(source: string, evaluate: Evaluate): Promise<string | undefined> {
  if (source.trim() === '') return undefined
  try {
    return await evaluate(source, true)
  } catch (error) {
    if (isThrown(error)) return `Uncaught ${error.remoteStack}`
    return `error: ${error instanceof Error ? error.message : String(error)}`
  }
}

async function completions(line: string, evaluate: Evaluate): Promise<[string[], string]> {
  const source = completionSource(line)
  const shown = source === undefined ? undefined : await evaluate(source, false).catch(() => undefined)
  return shown === undefined ? [[], line] : completionsOf(line, shown)
}

/** Whether it is the evaluated code that threw, and not the channel that failed. */
function isThrown(error: unknown): error is ControlError & { remoteStack: string } {
  return error instanceof ControlError && error.remoteStack !== undefined
}
