import type { Kvm } from '../../../build/host/kvm.ts'
import { UserError } from '../../../build/lib/errors.ts'
import type { Accelerator } from './qemu.ts'

/** An accelerator and the reason for it. */
export interface Choice {
  accelerator: Accelerator
  why: string
  /** Whether it was asked for, so that there is no falling back. */
  forced: boolean
}

/**
 * Chooses how the guest's instructions are run: what the environment (NODEOS_ACCEL) or the target's options
 * ask for, else KVM where there is evidence that it works, else emulation.
 */
export function chooseAccelerator(
  asked: { environment: string | undefined; option: 'auto' | Accelerator },
  kvm: Kvm,
): Choice {
  const wanted = asked.environment || asked.option
  if (wanted === 'kvm' || wanted === 'tcg') return { accelerator: wanted, why: 'as asked', forced: true }
  if (wanted !== 'auto') {
    throw new UserError(`NODEOS_ACCEL is '${wanted}'`, { hint: 'it can be kvm, tcg or auto' })
  }
  return { accelerator: kvm.usable ? 'kvm' : 'tcg', why: kvm.why, forced: false }
}
