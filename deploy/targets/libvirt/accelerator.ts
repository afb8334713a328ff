import { log } from '../../../config/lib/log.ts'
import type { Context } from '../../target.ts'
import type { DomainSpec } from './domain.ts'
import type { Virsh } from './virsh.ts'

/** KVM where the hypervisor has it, else emulation; `NODEOS_ACCEL` overrides. */
export async function domainType(
  virsh: Pick<Virsh, 'run'>,
  { env }: Pick<Context, 'env'>,
): Promise<DomainSpec['type']> {
  const wanted = env['NODEOS_ACCEL']
  if (wanted === 'kvm') return 'kvm'
  if (wanted === 'tcg') return 'qemu'
  try {
    await virsh.run('domcapabilities', '--virttype', 'kvm', '--machine', 'q35')
    return 'kvm'
  } catch {
    log.warn('the hypervisor has no KVM: the machine is emulated, which is about ten times slower')
    return 'qemu'
  }
}
