import type { ChildProcess } from 'node:child_process'
import { channel } from 'node:diagnostics_channel'
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Emit, emit } from './event.ts'
import type { Paths } from './paths.ts'

/**
 * Logs an uncaught error that the system layer threw, not the app.
 *
 * @param self file of the system layer
 */
export function reportOwnErrors(self: string): void {
  process.on('uncaughtExceptionMonitor', (error: unknown, origin: string) => {
    if (isOwn(error, self)) emit('node', 'system.error', { origin, error: error.stack })
  })
}

/** Whether the innermost frame outside Node is in the file `self`. */
export function isOwn(error: unknown, self: string): error is Error {
  if (!(error instanceof Error)) return false
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return frames.find((frame) => !frame.includes('node:'))?.includes(self) ?? false
}

/** Returns a one-line reason for a thrown value. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * Logs once per process that the app tried to start a shell: the error that `exec` reports, `spawn /bin/sh ENOENT`,
 * does not say that the machine has none.
 */
export function explainShell(emit: Emit): void {
  let explained = false
  channel('child_process').subscribe((message) => {
    const { process: child } = message as { process: ChildProcess }
    child.prependOnceListener(errorMonitor(), (error: NodeJS.ErrnoException) => {
      if (explained || error.code !== 'ENOENT' || child.spawnfile !== '/bin/sh') return
      explained = true
      emit('app', 'shell.missing', {
        hint: 'the machine has no shell: use execFile, fork or spawn without "shell"',
      })
    })
  })
}

/** An `error` listener would count as one of the app's own. */
function errorMonitor(): 'error' {
  return process.getBuiltinModule('node:events').errorMonitor as unknown as 'error'
}

/**
 * Logs how to make a folder writable when the app ends because it tried to write to its image. Node reports ENOENT
 * instead of EROFS for a folder that it makes with its parents, as `mkdir -p` does, which hides the cause.
 */
export function explainReadOnly(emit: Emit): void {
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    const path = readOnlyPath(error)
    if (path === undefined) return
    emit('app', 'app.readonly', {
      path,
      hint: 'the image is read-only: add the folder to app.writable in config/system.json, or write to /tmp or /data',
    })
  })
}

/** Returns the path of an error that was caused by a write to a read-only file system. */
export function readOnlyPath(error: unknown, isReadOnly = onReadOnly): string | undefined {
  const { code, path, syscall } = Object(error) as NodeJS.ErrnoException
  if (path === undefined) return undefined
  const absolute = resolve(path)
  if (code === 'EROFS') return absolute
  return code === 'ENOENT' && syscall === 'mkdir' && isReadOnly(absolute) ? absolute : undefined
}

function onReadOnly(path: string): boolean {
  let folder = path
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder)
  try {
    accessSync(folder, constants.W_OK)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS'
  }
}

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
