import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Recoverable, start } from 'node:repl'
import { callbackify } from 'node:util'
import { UsageError } from '../../config/lib/errors.ts'
import { dist } from '../../config/lib/paths.ts'
import { type Control, ControlError } from '../control/client.ts'
import { completionSource, completionsOf, isUnfinished, prepare } from '../control/line.ts'
import type { Report } from '../target.ts'
import { configuredControl } from './context.ts'
import { positiveNumber, verb, type Verb } from './verb.ts'

type Evaluate = (source: string, colors: boolean) => Promise<string>

export const repl: Verb = verb({
  usage: 'npm run repl --',
  summary: 'Evaluates JavaScript in the running app: what you type, or what is piped in.',
  options: { eval: { type: 'string', short: 'e' }, worker: { type: 'string' } },
  help: {
    eval: 'evaluate this, print the value and exit; short: -e',
    worker: 'number of the worker, where several processes run the app; default 1',
  },
  json: { prints: 'with --eval or a pipe: print {"value": …} or {"error": …}' },
  example: "npm run repl -- -e 'process.memoryUsage()'",
  async run(values) {
    const interactive = values.eval === undefined && process.stdin.isTTY
    if (interactive && values.json === true) throw new UsageError('--json needs --eval or a pipe')
    const worker = values.worker === undefined ? {} : { worker: positiveNumber('--worker', values.worker) }
    const control = await configuredControl()
    const evaluate: Evaluate = (source, colors) =>
      control.call('repl', { source: prepare(source), colors, ...worker })
    try {
      if (interactive) return await converse(control, evaluate)
      const source = values.eval ?? (await text(process.stdin))
      return await evaluateOnce(source, evaluate, values.json === true)
    } finally {
      control.close()
    }
  },
})

async function evaluateOnce(source: string, evaluate: Evaluate, json: boolean): Promise<Report> {
  try {
    const value = await evaluate(source, process.stdout.isTTY && !json)
    return { text: value === 'undefined' ? '' : value, data: { value } }
  } catch (error) {
    if (!isThrown(error)) throw error
    if (!json) process.stderr.write(`Uncaught ${error.remoteStack}\n`)
    return { text: '', data: { error: error.remoteStack }, status: 1 }
  }
}

/** Evaluates line by line until Ctrl-D. */
async function converse(control: Control, evaluate: Evaluate): Promise<undefined> {
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
  await once(server, 'exit')
  return undefined
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
