import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import type { Emit } from './event.ts'
import type { Paths } from './paths.ts'

/** CPU flags of x86-64-v2, for which addons are compiled, that older CPUs lack. As in kernel/init/crash.c. */
const wanted = ['cx16', 'lahf_lm', 'popcnt', 'pni', 'ssse3', 'sse4_1', 'sse4_2']

const hints: Record<string, string> = {
  SIGILL:
    'a native addon used an instruction that this CPU does not have; give the machine a newer CPU: ' +
    "-cpu max (with KVM: -cpu host) in QEMU, <cpu mode='host-passthrough'/> in libvirt",
  SIGSEGV: 'a native addon or Node accessed memory that is not its own; update the addon',
  SIGBUS: 'a native addon or Node accessed memory that does not exist; update the addon',
  SIGFPE: 'a native addon or Node divided by zero; update the addon',
  SIGABRT: 'Node or a native addon aborted; the lines above say why',
}

/**
 * Logs which fault killed a worker, as init does for its child. Signals that are not faults are ignored.
 *
 * @param sinceMs start of the worker, in milliseconds since the kernel started
 */
export function explainCrash(
  { worker, pid, signal }: { worker: number; pid: number | undefined; signal: string },
  sinceMs: number,
  paths: Pick<Paths, 'proc' | 'kernelLog'>,
  emit: Emit,
): void {
  const hint = hints[signal]
  if (hint === undefined) return
  const { model, flags } = readCpu(paths.proc)
  const missing = flags.length === 0 ? [] : wanted.filter((flag) => !flags.includes(flag))
  const file = signal === 'SIGABRT' ? '' : faultingFile(paths.kernelLog, sinceMs)
  emit('app', 'app.killed', { worker, signal, pid, in: file, cpu: model, missing: missing.join(' '), hint })
}

function readCpu(proc: string): { model: string; flags: string[] } {
  const text = readOr('', () => readFileSync(`${proc}/cpuinfo`, 'utf8'))
  const value = (name: string): string => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1] ?? ''
  return { model: value('model name'), flags: value('flags').split(' ').filter(Boolean) }
}

const fault = /^\d+,\d+,(\d+),[^;]*;(?:traps: .*|\S+: segfault at .*) in ([^[\n]+)\[/

/** Returns the file that the kernel logged with the last fault since then, or an empty string. */
function faultingFile(path: string, sinceMs: number): string {
  let file = ''
  for (const record of readRecords(path)) {
    const [, microseconds, name] = fault.exec(record) ?? []
    if (name !== undefined && Number(microseconds) / 1000 >= sinceMs) file = name
  }
  return file
}

function* readRecords(path: string): Generator<string> {
  const fd = readOr(-1, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
  if (fd < 0) return
  const buffer = Buffer.alloc(8192)
  try {
    for (;;) {
      const length = readOr(0, () => readSync(fd, buffer))
      if (length === 0) return
      yield buffer.toString('utf8', 0, length)
    }
  } finally {
    closeSync(fd)
  }
}

/** The log ends with the error EAGAIN, and a machine may lack either file. */
function readOr<T>(otherwise: T, read: () => T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
