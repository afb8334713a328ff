import { accessSync, constants, existsSync, readFileSync } from 'node:fs'

/** Whether the machine can run at the speed of the hardware here, and why. */
export interface Kvm {
  usable: boolean
  why: string
}

/** What decides it; read by `readKvmEvidence`. */
export interface KvmEvidence {
  device: 'missing' | 'denied' | 'open'
  /** Text of /proc/cpuinfo. */
  cpuinfo: string
}

/**
 * A device that opens proves little: without vmx or svm in the CPU's flags it has been seen to
 * create machines that never boot.
 */
export function judgeKvm({ device, cpuinfo }: KvmEvidence): Kvm {
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1]?.split(' ') ?? []
  const extension = flags.find((flag) => flag === 'vmx' || flag === 'svm')
  if (device === 'missing') return { usable: false, why: '/dev/kvm does not exist: QEMU emulates the CPU' }
  if (device === 'denied') {
    return {
      usable: false,
      why: 'no permission for /dev/kvm: join its group (sudo usermod -aG kvm "$USER", then log in again)',
    }
  }
  if (extension === undefined) {
    return {
      usable: false,
      why: '/dev/kvm exists, but the CPU has neither vmx nor svm, so guests would not boot: QEMU emulates the CPU',
    }
  }
  return { usable: true, why: `/dev/kvm works: the CPU has ${extension}` }
}

export function readKvmEvidence(): KvmEvidence {
  return { device: deviceState('/dev/kvm'), cpuinfo: readCpuinfo() }
}

function deviceState(path: string): KvmEvidence['device'] {
  if (!existsSync(path)) return 'missing'
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return 'open'
  } catch {
    return 'denied'
  }
}

function readCpuinfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
}
