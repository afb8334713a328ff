import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { SystemConfig } from '../../config/system.types.ts'
import { knownSource, type Pin } from '../kernel/source.ts'
import type { Cache } from '../pipeline/cache.ts'
import { UserError } from '../../config/lib/errors.ts'
import { findProgram } from '../../config/lib/find.ts'
import { run, tryRun } from '../../config/lib/run.ts'
import type { NodeRuntime } from '../runtime/node.ts'
import type { HostFacts } from './facts.ts'
import { findMissing, remedy } from './find.ts'
import type { Kvm } from './kvm.ts'
import { formatBytes } from '../../config/lib/units.ts'
import { freeBytes, isWritable } from './space.ts'
import { elsewhere, unsupported } from './supported.ts'
import type { Requirement } from './tools.ts'
import { isAtLeast, versionIn } from './version.ts'

/** One line of `npm run doctor`. Only what is `bad` stands in the way of a build or a boot. */
export interface Check {
  name: string
  status: 'good' | 'note' | 'warning' | 'bad'
  detail: string
  hint?: string
}

export function checkSystem(facts: HostFacts): Check {
  const { distribution, arch, glibc, platform } = facts
  const reason = unsupported(facts)
  if (reason !== undefined) return { name: 'system', status: 'bad', detail: reason, hint: elsewhere }
  return {
    name: 'system',
    status: 'good',
    detail: `${distribution.name}, ${platform} ${arch}, glibc ${glibc}`,
  }
}

/** The locked Node must be there, must run, and should be the one that runs the scripts. */
export async function checkNode(locked: () => Promise<NodeRuntime>, running: string): Promise<Check> {
  const name = 'node'
  try {
    const { binary, version } = await locked()
    const actual = (await run([binary, '--version'], { purpose: 'run the locked Node' }))
      .trim()
      .replace(/^v/, '')
    if (actual !== version) {
      return {
        name,
        status: 'bad',
        detail: `${binary} is Node ${actual}, but its package is ${version}`,
        hint: 'npm install',
      }
    }
    if (running !== version) {
      const detail = `${version} is locked, but Node ${running} runs this script`
      return {
        name,
        status: 'warning',
        detail,
        hint: 'run scripts with npm: it puts the locked Node first on PATH',
      }
    }
    return { name, status: 'good', detail: `${version}, as locked` }
  } catch (error) {
    if (!(error instanceof UserError))
      return { name, status: 'bad', detail: `the locked Node does not run: ${String(error)}` }
    return {
      name,
      status: 'bad',
      detail: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    }
  }
}

/** What a tool that is not there, or is too old, means to whom. */
export async function checkRequirement(requirement: Requirement, facts: HostFacts): Promise<Check> {
  const { name, kind, stage, purpose, atLeast } = requirement
  const bad = stage === 'test' || stage === 'image' ? 'warning' : 'bad'
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

/** The version that a command prints of itself, on whichever stream and with whatever status. */
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

export async function checkConfig(load: () => Promise<SystemConfig>): Promise<Check> {
  const name = 'config'
  try {
    const { hostname, machine, network, image } = await load()
    const detail = `${hostname}: ${machine.memory} MiB, ${machine.cpus} CPU, network ${network.mode}, ${image.compression}`
    return { name, status: 'good', detail }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return {
      name,
      status: 'bad',
      detail: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    }
  }
}

/** Whether a kernel's source can be had, without downloading any. */
export async function checkSource(setting: string, pin: Pin, cache: Cache, facts: HostFacts): Promise<Check> {
  const name = 'kernel source'
  if (!['auto', 'tarball', 'distribution'].includes(setting)) {
    return existsSync(setting)
      ? { name, status: 'good', detail: setting }
      : { name, status: 'bad', detail: `kernel.source: ${setting} does not exist` }
  }
  const known = await knownSource(setting, pin, join(cache.own, 'sources'))
  if (known !== undefined && existsSync(known.path)) {
    return { name, status: 'good', detail: `${basename(known.path)}, cached` }
  }
  const apt = findProgram('apt-get', facts.path) !== undefined
  if (setting !== 'tarball' && apt)
    return { name, status: 'good', detail: `apt will download ${pin.distribution.package}` }
  const answer = await reach(pin.tarball.url)
  if (answer === undefined) return { name, status: 'good', detail: pin.tarball.url }
  const hint = 'set kernel.source in config/system.json to the path of a tarball, if there is no network'
  return { name, status: 'warning', detail: `${pin.tarball.url}: ${answer}`, hint }
}

async function reach(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(3000) })
    return response.ok ? undefined : `the server responded ${response.status}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export function checkCache({ own, others }: Cache): Check {
  const bytes = filesIn(own).reduce(
    (sum, file) => sum + (statSync(join(own, file), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
  const also = others.length > 0 ? `; also reads ${others.join(', ')}` : ''
  return { name: 'cache', status: 'good', detail: `${own}, ${formatBytes(bytes)}${also}` }
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
}
