import { findProgram } from '../../config/lib/find.ts'
import { tryRun } from '../../config/lib/run.ts'
import { unsupportedHint, type HostFacts, isAtLeast, unsupported, versionIn } from './facts.ts'
import { findMissing, remedy } from './find.ts'
import type { Kvm } from './kvm.ts'
import { formatBytes } from '../../config/lib/units.ts'
import { freeBytes, isWritable } from './space.ts'
import type { Requirement } from './tools.ts'

/** One line of `npm run doctor`. Only `bad` prevents a build or a boot. */
export interface Check {
  name: string
  status: 'good' | 'note' | 'warning' | 'bad'
  detail: string
  hint?: string
}

export function checkSystem(facts: HostFacts): Check {
  const { distribution, arch, glibc, platform } = facts
  const reason = unsupported(facts)
  if (reason !== undefined) return { name: 'system', status: 'bad', detail: reason, hint: unsupportedHint }
  return {
    name: 'system',
    status: 'good',
    detail: `${distribution.name}, ${platform} ${arch}, glibc ${glibc}`,
  }
}

/** Checks that a tool exists and is new enough: bad if `needed`, else only worth knowing. */
export async function checkRequirement(
  requirement: Requirement,
  facts: HostFacts,
  needed = true,
): Promise<Check> {
  const { name, kind, purpose, atLeast } = requirement
  const bad = needed ? 'bad' : 'warning'
  if (findMissing([requirement], facts).length > 0) {
    return {
      name,
      status: bad,
      detail: `not found; needed to ${purpose}`,
      hint: remedy([requirement], facts),
    }
  }
  if (kind !== 'command') return { name, status: 'good', detail: 'found' }
  const version = await versionOf(requirement, facts.path)
  if (version === undefined) return { name, status: 'good', detail: 'found' }
  if (atLeast !== undefined && !isAtLeast(version, atLeast)) {
    return { name, status: bad, detail: `${version} is too old to ${purpose}: ${atLeast} or newer is needed` }
  }
  return { name, status: 'good', detail: version }
}

const nothing = { stdout: '', stderr: '' }

/** Returns the version that a command prints, on either stream and with any status. */
export async function versionOf(
  { name, versionArguments = ['--version'] }: Pick<Requirement, 'name' | 'versionArguments'>,
  folders: readonly string[],
): Promise<string | undefined> {
  const file = findProgram(name, folders)
  if (file === undefined) return undefined
  const options = { purpose: `read the version of ${name}`, timeoutMs: 5000 }
  const { stdout, stderr } = await tryRun([file, ...versionArguments], options).catch(() => nothing)
  return versionIn(stdout === '' ? stderr : stdout)
}

export function checkDisk(folders: readonly string[], wanted: number): Check[] {
  return folders.map((folder) => {
    const free = freeBytes(folder)
    const name = 'disk'
    if (!isWritable(folder)) return { name, status: 'bad', detail: `${folder} is not writable` }
    const detail = `${formatBytes(free)} free in ${folder}`
    if (free >= wanted) return { name, status: 'good', detail }
    return { name, status: 'warning', detail: `${detail}; compiling the kernel takes ${formatBytes(wanted)}` }
  })
}

export function checkMemory(memory: number): Check {
  const detail = formatBytes(memory)
  return memory >= 2e9
    ? { name: 'memory', status: 'good', detail }
    : {
        name: 'memory',
        status: 'warning',
        detail: `${detail}; compiling the kernel needs 2 GB`,
        hint: 'NODEOS_JOBS=1 needs less',
      }
}

export function checkKvm({ usable, why }: Kvm): Check {
  return {
    name: 'kvm',
    status: usable ? 'good' : 'note',
    detail: usable ? why : `${why}; this works, but more slowly`,
  }
}
