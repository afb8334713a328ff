import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildPlugin, checkPluginSupport, readCounters, type Counters } from './plugin.ts'

/** A state that the guest announced on its console, and what it had executed until then. */
export interface Stage {
  event: string
  /** Since power-on, on the host's clock. */
  seconds: number
  counters: Counters
}

/** A guest under TCG whose instructions are counted. */
export interface CountedMachine {
  /** In the order they came, first occurrences only. */
  stages: Stage[]
  /** Everything printed so far. */
  console: string[]
  /** Resolves with the process' exit status when QEMU ends. */
  exited: Promise<number>
  /** Returns the instructions executed so far, without stopping the guest. */
  counters(): Counters
  /** Seconds since power-on. */
  elapsed(): number
  /** Resolves when a console line matches; rejects when QEMU ends before. */
  seen(pattern: RegExp): Promise<void>
  /** Ends the guest, gracefully or not, and removes what it left on disk. */
  stop(): Promise<void>
}

export interface StartOptions {
  /** Program and arguments; the guest's console must be on stdout. */
  command: [string, ...string[]]
  /** Called with every console line. */
  onLine?: ((line: string) => void) | undefined
}

/** Starts the guest with the counting plugin. */
export function startCounted(options: StartOptions): CountedMachine {
  const [program, ...args] = options.command
  checkPluginSupport(program)
  const folder = mkdtempSync(join(tmpdir(), 'nodeos-bench-'))
  const counterFile = join(folder, 'counters')
  const plugin = `${buildPlugin(folder)},counters=${counterFile}`

  const started = performance.now()
  const child = spawn(program, [...args, '-plugin', plugin], { stdio: ['ignore', 'pipe', 'pipe'] })
  const killOnExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killOnExit)
  const exited = exitStatus(child)
  const lines: string[] = []
  const stages: Stage[] = []
  const watchers: { pattern: RegExp; resolve: () => void }[] = []
  const elapsed = (): number => (performance.now() - started) / 1000
  const counters = (): Counters => readCounters(counterFile)

  const onLine = (line: string): void => {
    lines.push(line)
    const event = eventOf(line)
    if (event !== undefined && !stages.some((stage) => stage.event === event)) {
      stages.push({ event, seconds: elapsed(), counters: counters() })
    }
    for (const watcher of watchers) if (watcher.pattern.test(line)) watcher.resolve()
    options.onLine?.(line)
  }
  createInterface({ input: child.stdout }).on('line', onLine)
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line))

  return {
    stages,
    console: lines,
    exited,
    counters,
    elapsed,
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        if (lines.some((line) => pattern.test(line))) resolve()
        watchers.push({ pattern, resolve })
        void exited.then((status) => reject(ended(status, lines)))
      }),
    stop: async () => {
      child.kill('SIGKILL')
      await exited
      process.removeListener('exit', killOnExit)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What to throw when QEMU ended too early: its last words. */
export function ended(status: number, lines: string[]): Error {
  return new Error(`QEMU ended with status ${status}\n${lines.slice(-20).join('\n')}`)
}

/** The name of the event that a console line reports, or undefined for any other line. */
export function eventOf(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || !('event' in value)) return undefined
    return typeof value.event === 'string' ? value.event : undefined
  } catch {
    return undefined
  }
}

function exitStatus(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? -1))
  })
}
