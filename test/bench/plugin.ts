import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { runSync } from '../../config/lib/run.ts'

/** Instructions that the guest has executed, by where they ran. The parts add up to `total`. */
export interface Counters {
  total: number
  /** Before the kernel's first instruction: SeaBIOS and option ROMs. */
  firmware: number
  /** Of the kernel before it runs at its own addresses: entry code, and a bzImage's decompressor. */
  loader: number
  kernel: number
  user: number
}

const recordBytes = 64
const source = join(import.meta.dirname, 'plugin', 'insn.c')

/** Compiles the TCG plugin (well under a second) into `folder` and returns its path. */
export function buildPlugin(folder: string): string {
  mkdirSync(folder, { recursive: true })
  const output = join(folder, 'insn.so')
  const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror'] as const
  runSync(['cc', ...flags, '-o', output, source], { purpose: 'compile the counting plugin' })
  return output
}

/** Refuses a QEMU without `-plugin`: some builds leave TCG plugins out. */
export function checkPluginSupport(qemu: string): void {
  if (runSync([qemu, '-help'], { purpose: 'boot the machine' }).includes('-plugin')) return
  throw new UserError(`${qemu} does not support TCG plugins, which count instructions`, {
    hint: "use the distribution's package, or build QEMU with --enable-plugins",
  })
}

/** Reads the plugin's file, also while the guest runs; all vCPUs together. */
export function readCounters(path: string): Counters {
  return parseCounters(readWhole(path))
}

/** Adds up the records of all vCPUs. */
export function parseCounters(data: Buffer): Counters {
  const sum: Counters = { total: 0, firmware: 0, loader: 0, kernel: 0, user: 0 }
  for (let offset = 0; offset + recordBytes <= data.length; offset += recordBytes) {
    sum.firmware += Number(data.readBigUInt64LE(offset))
    sum.loader += Number(data.readBigUInt64LE(offset + 8))
    sum.kernel += Number(data.readBigUInt64LE(offset + 16))
    sum.user += Number(data.readBigUInt64LE(offset + 24))
  }
  sum.total = sum.firmware + sum.loader + sum.kernel + sum.user
  return sum
}

/** `later - earlier`, part by part. */
export function subtract(later: Counters, earlier: Counters): Counters {
  return {
    total: later.total - earlier.total,
    firmware: later.firmware - earlier.firmware,
    loader: later.loader - earlier.loader,
    kernel: later.kernel - earlier.kernel,
    user: later.user - earlier.user,
  }
}

function readWhole(path: string): Buffer {
  const fd = openSync(path, 'r')
  try {
    const data = Buffer.alloc(fstatSync(fd).size)
    readSync(fd, data, 0, data.length, 0)
    return data
  } finally {
    closeSync(fd)
  }
}
