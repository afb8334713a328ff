import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import { log } from '../../config/lib/log.ts'
import { missingProgram } from '../../config/lib/find.ts'
import { until } from '../../config/lib/until.ts'
import { tail } from '../../config/lib/run.ts'
import {
  type Accelerator,
  consoleDevice,
  type MachineFiles,
  type MachineSpec,
  qemuCommand,
} from './command.ts'
import { machineFiles, machineLogs, outputFile, readConsole, readOutput } from './console.ts'
import { isRunning, markProcess, type ProcessMark } from '../../config/lib/process.ts'
import { qmp } from './qmp.ts'

/** A machine that was started: enough to find it again from another process. */
export interface Machine extends ProcessMark {
  files: MachineFiles
  ports: MachineSpec['ports']
  accelerator: MachineSpec['accelerator']
}

/** How a machine ended. */
export type Ending = 'powered off' | 'killed: it did not power off in time' | 'was not running'

/** A guest that works under KVM has printed something by then. */
const silenceMs = 5000
const startMs = 300
const killMs = 5000

/** How QEMU is started. */
export interface StartOptions {
  /** Starts a guest that does not boot under KVM again under emulation. */
  fallback?: boolean
  /** Returns a command that starts QEMU and becomes it; emulation needs more memory than KVM. */
  within?: (accelerator: Accelerator) => Promise<readonly string[]>
}

/**
 * Starts a machine that keeps running when this process ends.
 *
 * @throws {UserError} if QEMU is missing, or ends immediately: with its output
 */
export async function startMachine(
  spec: MachineSpec,
  folder: string,
  { fallback = false, within = async () => [] }: StartOptions = {},
): Promise<Machine> {
  const start = async (accelerator: Accelerator): Promise<Machine> =>
    startQemu({ ...spec, accelerator }, folder, await within(accelerator))
  if (spec.accelerator === 'tcg' || !fallback) return start(spec.accelerator)
  const started = await unlessSilent(start('kvm'))
  if (typeof started !== 'string') return started
  log.warn(`KVM failed (${started}): starting the machine under emulation instead`)
  return start('tcg')
}

/** Returns the machine, or why it does not work under KVM. */
async function unlessSilent(starting: Promise<Machine>): Promise<Machine | string> {
  let machine: Machine
  try {
    machine = await starting
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return `${error.message}: ${error.hint}`
  }
  await until(() => readConsole(machine) !== '' || !isRunning(machine), { timeoutMs: silenceMs })
  if (readConsole(machine) !== '' && isRunning(machine)) return machine
  const ended = !isRunning(machine)
  await killMachine(machine)
  return ended ? 'QEMU ended' : `the machine printed nothing within ${silenceMs / 1000} s`
}

async function startQemu(spec: MachineSpec, folder: string, within: readonly string[]): Promise<Machine> {
  const files = machineFiles(folder)
  await mkdir(folder, { recursive: true })
  for (const file of [...machineLogs(folder), files.qmp, files.control]) await rm(file, { force: true })
  const command = qemuCommand(spec, files)
  const [program = command[0], ...argv] = [...within, ...command]
  const output = openSync(outputFile(files), 'w')
  const child = spawn(program, argv, { detached: true, stdio: ['ignore', output, output] })
  closeSync(output)
  const failed = new Promise<Error>((resolve) => child.once('error', resolve))
  const started = await Promise.race([failed, wait(startMs)])
  if (started instanceof Error) throw missingProgram(program, 'boot the machine')
  child.unref()
  const mark = child.pid === undefined ? undefined : markProcess(child.pid)
  if (mark === undefined) throw endedImmediately(files)
  return { ...mark, files, ports: spec.ports, accelerator: spec.accelerator }
}

function endedImmediately(files: MachineFiles): UserError {
  const text = readOutput({ files }).trim()
  return new UserError('QEMU ended immediately', {
    hint: text === '' ? 'it printed nothing' : tail(text, 10),
  })
}

/** Presses the power button and waits; at the deadline the machine is killed. */
export async function stopMachine(machine: Machine, deadlineMs: number): Promise<Ending> {
  if (!isRunning(machine)) return 'was not running'
  const pressed = await qmp(machine.files.qmp, 'system_powerdown').then(
    () => true,
    () => false,
  )
  if (pressed && (await awaitEnd(machine, deadlineMs))) return 'powered off'
  await killMachine(machine)
  return 'killed: it did not power off in time'
}

/** Pulls the plug. */
export async function killMachine(machine: Machine): Promise<void> {
  if (isRunning(machine)) process.kill(machine.pid, 'SIGKILL')
  await awaitEnd(machine, killMs)
  const { qmp, control } = machine.files
  for (const socket of [qmp, control]) await rm(socket, { force: true })
}

/**
 * Finds machines of a folder that no state file lists, because their deploy was killed while it started them.
 *
 * @param known process id of the machine that the state file lists
 */
export async function strays(folder: string, known: number | undefined): Promise<Machine[]> {
  const files = machineFiles(folder)
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(
    pids.map(async (pid) => {
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
      return words.includes(consoleDevice(files.console)) && pid !== known ? markProcess(pid) : undefined
    }),
  )
  return found
    .filter((mark) => mark !== undefined)
    .map((mark) => ({ ...mark, files, ports: [], accelerator: 'tcg' }))
}

/** Returns the memory that a process uses on the host, in bytes. */
export function residentBytes(pid: number): number {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
    return Number(kilobytes ?? 0) * 1024
  } catch {
    return 0
  }
}

/** Waits until a process has ended. @returns false if it still runs at the deadline */
export async function awaitEnd(mark: ProcessMark, timeoutMs: number): Promise<boolean> {
  return (await until(() => !isRunning(mark), { timeoutMs, everyMs: 50 })) === true
}
