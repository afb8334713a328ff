import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { type Cause, causeOfError, type Explanation, type Facts } from './app.ts'
import {
  type Event,
  eventsOf,
  firstError,
  firstOutput,
  lastLines,
  type Line,
  parseConsole,
  shown,
} from './console.ts'
import { machineCause } from './machine.ts'
import { badResponse, type Checked, noNetwork, placesOf, unreachable } from './reach.ts'

/** Facts about a deploy that its console does not show. */
export interface Context extends Facts, Checked {
  emulated: boolean
  /** What QEMU printed. */
  qemu?: string
  /** Seconds since the last output on the console. */
  idle?: number
}

/** Seconds of silence after which a machine is considered to make no progress. */
const silent = 15
const otherLines = 12

const final =
  /"event":"(?:init\.failed|machine\.rebooting|workers\.failing)"|"event":"health\.failed".*"final":true/
const panicked = /Kernel panic - not syncing/g
const lastingPanic = /Kernel panic - not syncing: (?:VFS|No working init|Requested init|System is deadlocked)/

/** Returns whether waiting longer cannot help. A machine that panics reboots, and its next start may succeed. */
export function isFinal(console: string): boolean {
  return final.test(console) || lastingPanic.test(console) || (console.match(panicked)?.length ?? 0) > 1
}

/** Finds the cause of a failed deploy: the first that the console shows. */
export function explain(console: string, context: Context): Explanation {
  const lines = parseConsole(console)
  return (
    machineCause(lines, context) ??
    crash(lines, context) ??
    ended(lines, context) ??
    unreachable(lines, context) ??
    noNetwork(lines, context) ??
    badResponse(lines, context) ??
    silentApp(lines, context) ??
    tooSlow(lines, context)
  )
}

const endings = ['node.exited', 'worker.exited', 'app.killed']

/** The app ended, once or over and over. */
function crash(lines: readonly Line[], context: Context): Explanation | undefined {
  const ends = eventsOf(lines, 'node.exited', 'worker.exited')
  const [first] = ends
  const loops = eventsOf(lines, 'machine.rebooting', 'workers.failing').length > 0
  const isPoweroff = eventsOf(lines, 'shutdown.started').some(({ cause }) => cause === 'exit 0')
  if (first === undefined || eventsOf(lines, 'health.ok').length > ends.length) return undefined
  const error = firstError(firstOutput(lines))
  const named = killedByKernel(lines, context) ?? causeOfError(error, context) ?? bySignal(lines, first)
  const often = `${ends.length === 1 ? 'it ended once' : `it ended ${ends.length} times`}, ${ending(first)}`
  if (named !== undefined)
    return { ...named, cause: `${named.cause} (${often})`, lines: shown(error, lines, endings) }
  if (first['status'] === 0)
    return {
      cause: `the app exits with status 0 before it is healthy${isPoweroff ? ', and the machine powers off (restart.exitZero)' : loops ? ` (${often})` : ''}`,
      hint: 'Nothing keeps it running: does app.entry start a server and wait for nothing else?',
      lines: shown(error, lines, endings),
    }
  return {
    cause: `the app ends by itself: ${often}`,
    hint:
      error.length === 0
        ? 'It printed nothing: does it call process.exit() without a message?'
        : 'The first lines that it printed show the reason.',
    lines: shown(error, lines, endings),
  }
}

function ending({ status, signal, name }: Event): string {
  if (typeof status === 'number') return `exit status ${status}`
  const [number, text] = typeof signal === 'string' ? [signal, ''] : [String(signal), ` (${String(name)})`]
  return `killed by signal ${number}${typeof name === 'string' ? text : ''}`
}

function killedByKernel(lines: readonly Line[], { memory }: Facts): Cause | undefined {
  const [, killed] =
    lines.map(({ text }) => /Out of memory: Killed process \d+ \(([^)]*)\)/.exec(text)).find(Boolean) ?? []
  if (killed === undefined) return undefined
  return {
    cause: `the machine ran out of memory: the kernel killed ${killed} (machine.memory is ${memory} MiB)`,
    hint: 'raise machine.memory in config/system.json, then npm run build',
  }
}

/** By number, as init reports a signal. */
const signals: Record<string, Cause> = {
  4: {
    cause: 'the app executed an instruction that the CPU of the machine does not have',
    hint: 'An addon was compiled for a newer CPU. Give QEMU -cpu max (or host, under KVM), or use a build of the addon for x86-64-v2.',
  },
  6: { cause: 'the app was aborted by Node or by an addon' },
  7: { cause: 'the app crashed: it accessed memory that does not exist (bus error)' },
  8: { cause: 'the app crashed in native code (arithmetic error, such as a division by zero)' },
  9: { cause: 'the app was killed' },
  11: {
    cause: 'the app crashed in native code (segmentation fault)',
    hint: 'A native addon is the usual reason: is it built for this version of Node, and for glibc?',
  },
}
const numbers: Record<string, string> = {
  SIGILL: '4',
  SIGABRT: '6',
  SIGBUS: '7',
  SIGKILL: '9',
  SIGSEGV: '11',
}

function bySignal(lines: readonly Line[], { signal }: Event): Cause | undefined {
  if (typeof signal !== 'string' && typeof signal !== 'number') return undefined
  const found = signals[numbers[signal] ?? signal]
  if (found === undefined) return undefined
  const [killed] = eventsOf(lines, 'app.killed')
  const detail = (name: string, text: string): string =>
    typeof killed?.[name] === 'string' && killed[name] !== '' ? `${text}${killed[name]}` : ''
  const hint = detail('hint', '') || found.hint
  return {
    cause: `${found.cause}${detail('in', ', in ')}${detail('cpu', '; the CPU is ')}${detail('missing', ', without ')}`,
    ...(hint === undefined || hint === '' ? {} : { hint }),
  }
}

function ended(lines: readonly Line[], { end, qemu = '' }: Context): Explanation | undefined {
  if (end !== 'ended') return undefined
  const [shutdown] = eventsOf(lines, 'shutdown.started')
  if (shutdown !== undefined)
    return {
      cause: `the machine was shut down before it was healthy (${String(shutdown['cause'])})`,
      lines: lastLines(lines, otherLines),
    }
  const said = qemu.trim()
  return {
    cause: `QEMU ended before the machine was healthy${said === '' ? '' : `: ${said.split('\n').at(-1)}`}`,
    hint:
      said === ''
        ? 'It printed nothing: it was killed, perhaps because this host ran out of memory (dmesg shows it).'
        : `QEMU printed:\n\n${said.split('\n').slice(-otherLines).join('\n')}`,
    lines: lastLines(lines, otherLines),
  }
}

/** The app runs, prints nothing more, and has no server that listens. */
function silentApp(lines: readonly Line[], { port, timeout, idle = 0 }: Context): Explanation | undefined {
  if (port === undefined || idle < silent || eventsOf(lines, 'node.started').length === 0) return undefined
  if (placesOf(lines).length > 0) return undefined
  return {
    cause: `the app does not listen on any port: nothing listened on port ${port} within ${timeout} s`,
    hint: `listen on process.env.PORT (${port}). Does the app wait for something first, such as a database? If it only needs longer: raise health.timeout in config/system.json`,
    lines: shown(firstError(firstOutput(lines)), lines, []),
  }
}

function tooSlow(lines: readonly Line[], { timeout, emulated, idle = Infinity }: Context): Explanation {
  const printed = lines.some(({ text }) => text.trim() !== '')
  if (!printed)
    return {
      cause: `the machine printed nothing within ${timeout} s`,
      hint: 'The kernel did not start: does the machine have its kernel, and a serial console?',
      lines: [],
    }
  const progress = idle < silent
  const cause = `the machine was not healthy within ${timeout} s${progress ? ', and was still making progress' : ''}`
  const hint = `raise health.timeout in config/system.json, then npm run build`
  return {
    cause,
    ...(progress && emulated ? { hint: `the CPU is emulated, which is slow: ${hint}` } : {}),
    ...(progress && !emulated ? { hint: `if it only needs longer: ${hint}` } : {}),
    lines: lastLines(lines, otherLines),
  }
}

/**
 * Returns the error of a failed deploy: the cause, what to do, the lines of the console that show it, and where the
 * whole console is.
 *
 * @param file keeps the console, since the next machine overwrites the original
 */
export function deployError(console: string, context: Context, file: string): UserError {
  const { cause, hint, lines } = explain(console, context)
  const kept = console !== '' && keep(console, file)
  const parts = [
    ...(hint === undefined ? [] : [hint]),
    ...(lines.length === 0 ? [] : [`from the console:\n\n${lines.join('\n')}`]),
    kept ? `the whole console: ${file}` : console === '' ? 'the console is empty' : '',
  ]
  return new UserError(cause, { hint: parts.filter((part) => part !== '').join('\n\n') })
}

/** A full disk must not hide the cause. */
function keep(console: string, file: string): boolean {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, console)
    return true
  } catch {
    return false
  }
}
