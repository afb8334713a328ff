import { judgeKvm, type Kvm, readKvmEvidence } from '../../build/host/kvm.ts'
import { UserError } from '../../config/lib/errors.ts'
import type { Accelerator } from './command.ts'

/** An accelerator and the reason for it. */
export interface Choice {
  accelerator: Accelerator
  why: string
  /** Whether it was configured: then there is no fallback. */
  forced: boolean
}

/**
 * Chooses the accelerator: as configured by NODEOS_ACCEL or by the target's options, else KVM where there is
 * evidence that it works, else emulation.
 */
export function chooseAccelerator(
  configured: { environment: string | undefined; option?: 'auto' | Accelerator },
  kvm: Kvm = judgeKvm(readKvmEvidence()),
): Choice {
  const wanted = configured.environment || configured.option || 'auto'
  if (wanted === 'kvm' || wanted === 'tcg') return { accelerator: wanted, why: 'as configured', forced: true }
  if (wanted !== 'auto') {
    throw new UserError(`NODEOS_ACCEL: must be kvm, tcg or auto, got '${wanted}'`, {
      hint: 'NODEOS_ACCEL=tcg npm run deploy',
    })
  }
  return { accelerator: kvm.usable ? 'kvm' : 'tcg', why: kvm.why, forced: false }
}
