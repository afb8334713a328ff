import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import { missingTool, tail } from '../../config/lib/tool.ts'
import { awaitEnd, isRunning, markProcess, type ProcessMark } from './process.ts'
import { consoleDevice, type MachineFiles, type MachineSpec, qemuCommand } from './command.ts'
import { qmp } from './qmp.ts'

/** A machine that was started: enough to find it again from another process. */
export interface Machine extends ProcessMark {
  files: MachineFiles
  ports: MachineSpec['ports']
  accelerator: MachineSpec['accelerator']
}

/** How a machine ended. */
export type Ending = 'powered off' | 'killed: it did not power off in time' | 'was not running'

/** Longest path of a Unix socket, with its final NUL left out. */
const socketPathMost = 107
const consoleMost = 16 * 2 ** 20
const startMs = 300
const killMs = 5000

/** The files of a machine whose state lies in `folder`. */
export function machineFiles(folder: string): MachineFiles {
  return {
    console: join(folder, 'console.log'),
    qmp: socketPath(folder, 'qmp'),
    control: socketPath(folder, 'control'),
  }
}

function socketPath(folder: string, name: string): string {
  const path = join(folder, `${name}.sock`)
  if (path.length <= socketPathMost) return path
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 12)
  return join(tmpdir(), `nodeos-${hash}-${name}.sock`)
}

/**
 * Starts a machine that goes on when this process ends.
 *
 * @param within command that starts QEMU and becomes it, when it is not started at once
 * @throws {UserError} when QEMU is missing, or ends immediately: with what it printed
 */
export async function startMachine(
  spec: MachineSpec,
  folder: string,
  within: readonly string[] = [],
): Promise<Machine> {
  const files = machineFiles(folder)
  const said = saidFile(files)
  await mkdir(folder, { recursive: true })
  for (const file of [...machineLogs(folder), files.qmp, files.control]) await rm(file, { force: true })
  const command = qemuCommand(spec, files)
  const [program = command[0], ...argv] = [...within, ...command]
  const output = openSync(said, 'w')
  const child = spawn(program, argv, { detached: true, stdio: ['ignore', output, output] })
  closeSync(output)
  const failed = new Promise<Error>((resolve) => child.once('error', resolve))
  const started = await Promise.race([failed, wait(startMs)])
  if (started instanceof Error) throw missingTool(program, 'boot the machine')
  child.unref()
  const mark = child.pid === undefined ? undefined : markProcess(child.pid)
  if (mark === undefined) throw endedEarly(files)
  return { ...mark, files, ports: spec.ports, accelerator: spec.accelerator }
}

/** What a machine leaves to be read after its end. */
export function machineLogs(folder: string): string[] {
  const files = machineFiles(folder)
  return [files.console, oldConsole(files), saidFile(files)]
}

/** What QEMU itself prints goes beside the console. */
function saidFile({ console }: MachineFiles): string {
  return join(dirname(console), 'qemu.log')
}

function endedEarly(files: MachineFiles): UserError {
  const text = readSaid({ files }).trim()
  return new UserError('QEMU ended immediately', {
    hint: text === '' ? 'it printed nothing' : tail(text, 10),
  })
}

/** The older part of a console that was cut. */
export function oldConsole({ console }: MachineFiles): string {
  return `${console}.old`
}

/**
 * Keeps the console of a machine that runs for years from filling the disk: one that is too long begins anew, and
 * what it was takes the place of the older part. What is printed in that moment may be lost.
 *
 * @param most bytes
 */
export async function boundConsole({ files }: Pick<Machine, 'files'>, most = consoleMost): Promise<void> {
  const bytes = await stat(files.console).then(
    ({ size }) => size,
    () => 0,
  )
  if (bytes <= most) return
  // A disk that is full already is a reason more to cut it.
  await copyFile(files.console, oldConsole(files)).catch(() => undefined)
  await truncate(files.console)
}

/** The console so far, since it was cut last. */
export function readConsole({ files }: Pick<Machine, 'files'>): string {
  return readText(files.console)
}

/** What QEMU has said so far: nothing, when all is well. */
export function readSaid({ files }: Pick<Machine, 'files'>): string {
  return readText(saidFile(files))
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
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
 * Machines of a folder that nobody has noted: their deploy was killed at the moment of their start.
 *
 * @param noted process id of the one that is known
 */
export async function strays(folder: string, noted: number | undefined): Promise<Machine[]> {
  const files = machineFiles(folder)
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(
    pids.map(async (pid) => {
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
      return words.includes(consoleDevice(files.console)) && pid !== noted ? markProcess(pid) : undefined
    }),
  )
  return found
    .filter((mark) => mark !== undefined)
    .map((mark) => ({ ...mark, files, ports: [], accelerator: 'tcg' }))
}
