import { createReadStream, existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import { isRunning } from './process.ts'
import { type Machine, oldConsole } from './machine.ts'

const pollMs = 200

/** Prints the console so far; with `follow`, what comes too, until the machine ends or the signal. */
export async function streamConsole(
  machine: Machine,
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
      // It was too long, and begins anew.
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
