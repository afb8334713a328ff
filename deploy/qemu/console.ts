import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { copyFile, open, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import type { MachineFiles } from './command.ts'
import { isRunning, type ProcessMark } from '../../config/lib/process.ts'

/** Anything with the files of a machine. */
type WithFiles = { files: MachineFiles }

/** Longest path of a Unix socket, without its final NUL. */
const socketPathMost = 107
const consoleMost = 16 * 2 ** 20
const pollMs = 200

/** Returns the files of a machine whose state is in `folder`. */
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

/** Returns the log files that a machine leaves behind. */
export function machineLogs(folder: string): string[] {
  const files = machineFiles(folder)
  return [files.console, oldConsole(files), outputFile(files)]
}

/** The file that receives the output of QEMU itself. */
export function outputFile({ console }: MachineFiles): string {
  return join(dirname(console), 'qemu.log')
}

/** The older part of a console that was cut. */
function oldConsole({ console }: MachineFiles): string {
  return `${console}.old`
}

/** Reads the console since it was last cut. */
export function readConsole({ files }: WithFiles): string {
  return readText(files.console)
}

/** Reads the output of QEMU itself, which is usually empty. */
export function readOutput({ files }: WithFiles): string {
  return readText(outputFile(files))
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/**
 * Keeps the console of a machine that runs for years from filling the disk: moves a console that is too long to the
 * file of its older part. Output of that moment may be lost.
 *
 * @param most bytes
 */
export async function limitConsole({ files }: WithFiles, most = consoleMost): Promise<void> {
  const bytes = await stat(files.console).then(
    ({ size }) => size,
    () => 0,
  )
  if (bytes <= most) return
  // A full disk is one more reason to cut it.
  await copyFile(files.console, oldConsole(files)).catch(() => undefined)
  await truncate(files.console)
}

/** Prints the console so far; with `follow`, goes on until the machine ends or the signal is aborted. */
export async function streamConsole(
  machine: ProcessMark & WithFiles,
  follow: boolean,
  signal: AbortSignal,
  print: (text: string) => void,
): Promise<void> {
  const old = oldConsole(machine.files)
  if (existsSync(old)) for await (const part of createReadStream(old, 'utf8')) print(part as string)
  const file = await open(machine.files.console).catch((error: unknown) => {
    throw new UserError(`cannot read the console of the machine: ${machine.files.console}`, {
      hint: 'npm run deploy   starts the machine with a new console',
      cause: error,
    })
  })
  const decoder = new TextDecoder()
  try {
    const buffer = Buffer.alloc(65_536)
    for (let position = 0; ;) {
      const running = isRunning(machine)
      // It was cut.
      if ((await file.stat()).size < position) position = 0
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
      if (bytesRead > 0) {
        position += bytesRead
        print(decoder.decode(buffer.subarray(0, bytesRead), { stream: true }))
        continue
      }
      if (!follow || !running || signal.aborted) return
      await wait(pollMs, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    await file.close()
  }
}
