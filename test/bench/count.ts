/**
 * Counts what a machine executes from power-on to its first HTTP 200, or to power-off.
 *
 *   node test/bench/count.ts --kernel dist/kernel/vmlinux --disk dist/runtime.erofs --disk dist/app.erofs \
 *     --append 'root=/dev/vda ro init=/init console=ttyS0 quiet panic=1'
 *   node test/bench/count.ts --kernel dist/kernel/vmlinux --until exit     the kernel alone
 *
 * Instruction counts do not depend on the host, except that a kernel's calibration loops run against the clock:
 * expect ± 1 %, and use --runs for the median.
 */
import { main } from '../../config/lib/main.ts'
import { UserError } from '../../config/lib/errors.ts'
import { untilOk } from './client.ts'
import { guestCommand, type Guest, offImage } from './guest.ts'
import { ended, startCounted, type CountedMachine, type Stage } from './machine.ts'
import type { Counters } from './plugin.ts'
import { freePort } from '../lib/ports.ts'

export interface Counted {
  counters: Counters
  /** From power-on, on the host's clock. */
  seconds: number
  stages: Stage[]
}

export interface CountOptions {
  /** Path of the request. */
  path?: string
  /** Requests begin when a console line matches; at once when absent. */
  ready?: RegExp
  timeoutMs?: number
  onLine?: ((line: string) => void) | undefined
}

/** Power-on to the first 200. */
export async function countBoot(guest: Guest, options: CountOptions = {}): Promise<Counted> {
  const port = await freePort()
  const machine = startCounted({ command: guestCommand(guest, port), onLine: options.onLine })
  try {
    await firstResponse(machine, `http://127.0.0.1:${port}${options.path ?? '/'}`, options)
    return snapshot(machine)
  } finally {
    await machine.stop()
  }
}

/** Power-on to power-off. */
export async function countUntilExit(guest: Guest, options: CountOptions = {}): Promise<Counted> {
  const machine = startCounted({ command: guestCommand(guest), onLine: options.onLine })
  try {
    const status = await withDeadline(machine.exited, options.timeoutMs ?? 120_000, machine)
    if (status !== 0) throw ended(status, machine.console)
    return snapshot(machine)
  } finally {
    await machine.stop()
  }
}

/** Waits for the first 200, and fails at once with the console's last lines when the guest ends before. */
export async function firstResponse(
  machine: CountedMachine,
  url: string,
  options: CountOptions,
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? 120_000
  const stopped = new AbortController()
  const early = machine.exited.then((status) => {
    stopped.abort()
    throw ended(status, machine.console)
  })
  if (options.ready !== undefined) {
    await Promise.race([early, withDeadline(machine.seen(options.ready), timeoutMs, machine)])
  }
  // On a busy host, a second request while the guest still handles the first one would count, too.
  const patience = options.ready === undefined ? {} : { patienceMs: timeoutMs }
  const response = untilOk(url, { timeoutMs, signal: stopped.signal, ...patience })
  response.catch(() => undefined)
  await Promise.race([early, response]).catch((error: unknown) => {
    const tail = machine.console.slice(-20).join('\n')
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${tail}`, { cause: error })
  })
  early.catch(() => undefined)
}

function snapshot(machine: CountedMachine): Counted {
  const counters = machine.counters()
  return { counters, seconds: machine.elapsed(), stages: machine.stages }
}

async function withDeadline<T>(work: Promise<T>, ms: number, machine: CountedMachine): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`timed out after ${ms / 1000} s\n${machine.console.slice(-20).join('\n')}`)),
      ms,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Of several runs the one whose total is in the middle. */
export function medianRun(runs: Counted[]): Counted {
  const sorted = runs.toSorted((a, b) => a.counters.total - b.counters.total)
  const middle = sorted[Math.floor((sorted.length - 1) / 2)]
  if (middle === undefined) throw new Error('no runs')
  return middle
}

/** The figures as lines for a person. */
export function describeCounted(label: string, counted: Counted): string {
  const lines = [countLine(label, counted.seconds, counted.counters)]
  for (const stage of counted.stages) lines.push(countLine(`  ${stage.event}`, stage.seconds, stage.counters))
  return lines.join('\n')
}

function countLine(label: string, seconds: number, c: Counters): string {
  const parts = `firmware ${giga(c.firmware)}  loader ${giga(c.loader)}  kernel ${giga(c.kernel)}  user ${giga(c.user)}`
  return `${label.padEnd(20)} ${giga(c.total)} G  ${seconds.toFixed(2).padStart(6)} s  ${parts}`
}

function giga(count: number): string {
  return (count / 1e9).toFixed(4)
}

await main(
  import.meta,
  {
    usage: 'node test/bench/count.ts',
    example: 'node test/bench/count.ts --kernel dist/kernel/vmlinux --disk dist/runtime.erofs',
    summary: 'Counts guest instructions from power-on to the first HTTP 200, or to power-off.',
    options: {
      kernel: { type: 'string' },
      append: { type: 'string', default: 'root=/dev/vda ro init=/init console=ttyS0 quiet panic=-1' },
      disk: { type: 'string', multiple: true, default: [] },
      memory: { type: 'string', default: '256' },
      cpus: { type: 'string', default: '1' },
      'guest-port': { type: 'string', default: '8080' },
      path: { type: 'string', default: '/' },
      ready: { type: 'string' },
      until: { type: 'string', default: 'response' },
      runs: { type: 'string', default: '1' },
      timeout: { type: 'string', default: '120' },
      'qemu-arg': { type: 'string', multiple: true, default: [] },
      console: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
    help: {
      kernel: 'kernel to boot: vmlinux or bzImage (required)',
      append: 'kernel command line',
      disk: 'raw disk, read-only; repeat the option for vdb, vdc, …',
      memory: 'memory in MiB',
      cpus: 'number of virtual CPUs',
      'guest-port': 'guest port of the app',
      path: 'path of the request',
      ready: 'send the first request when a console line matches this regular expression; default: at once',
      until:
        'count until the first "response" or until "exit"; exit without --disk boots an init that powers off at once',
      runs: 'number of runs; the median is printed',
      timeout: 'time limit in seconds',
      'qemu-arg': 'further argument for QEMU, such as --qemu-arg=-device; repeat the option for more',
      console: 'print the console of the guest on stderr',
      json: 'print JSON',
    },
  },
  async ({ values }) => {
    if (values.kernel === undefined)
      throw new UserError('missing option --kernel', { hint: '--kernel=dist/kernel/vmlinux' })
    const untilExit = values.until === 'exit'
    const guest: Guest = {
      kernel: values.kernel,
      append: values.append,
      disks: untilExit && values.disk.length === 0 ? [offImage()] : values.disk,
      memory: Number(values.memory),
      cpus: Number(values.cpus),
      guestPort: Number(values['guest-port']),
      extra: values['qemu-arg'],
    }
    const options: CountOptions = {
      path: values.path,
      timeoutMs: Number(values.timeout) * 1000,
      ...(values.ready === undefined ? {} : { ready: new RegExp(values.ready) }),
      ...(values.console ? { onLine: (line: string) => void process.stderr.write(`${line}\n`) } : {}),
    }
    const runs: Counted[] = []
    for (let run = 0; run < Number(values.runs); run++) {
      runs.push(untilExit ? await countUntilExit(guest, options) : await countBoot(guest, options))
    }
    const median = medianRun(runs)
    const label = untilExit ? 'power-off' : 'first 200'
    process.stdout.write(values.json ? `${JSON.stringify(median)}\n` : `${describeCounted(label, median)}\n`)
  },
)
