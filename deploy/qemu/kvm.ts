import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import { log } from '../../config/lib/log.ts'
import type { Choice } from './accelerator.ts'
import { killMachine, type Machine, readConsole, startMachine } from './machine.ts'
import { isRunning } from './process.ts'
import type { Accelerator, MachineSpec } from './command.ts'

/** A KVM guest that works has printed something by then. */
const silenceMs = 5000

/** Command that starts QEMU, when it is not started at once; an emulator needs more than KVM does. */
type Within = (accelerator: Accelerator) => Promise<readonly string[]>

/** Where KVM was only supposed to work, a guest that does not come up under it is started again under emulation. */
export async function startWithFallback(
  spec: MachineSpec,
  choice: Choice,
  folder: string,
  within: Within = async () => [],
): Promise<Machine> {
  const command = await within(spec.accelerator)
  if (spec.accelerator !== 'kvm' || choice.forced) return startMachine(spec, folder, command)
  const problem = await startUnderKvm(spec, folder, command)
  if (typeof problem !== 'string') return problem
  log.warn(`KVM failed (${problem}): starting the machine under emulation instead`)
  return startMachine({ ...spec, accelerator: 'tcg' }, folder, await within('tcg'))
}

/** The machine, or what went wrong with it. */
async function startUnderKvm(
  spec: MachineSpec,
  folder: string,
  within: readonly string[],
): Promise<Machine | string> {
  let machine: Machine
  try {
    machine = await startMachine(spec, folder, within)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return `${error.message}: ${error.hint}`
  }
  for (const until = Date.now() + silenceMs; Date.now() < until && isRunning(machine); await wait(100)) {
    if (readConsole(machine) !== '') return machine
  }
  const ended = !isRunning(machine)
  await killMachine(machine)
  return ended ? 'QEMU ended' : `the machine printed nothing within ${silenceMs / 1000} s`
}
