import { constants, readFileSync } from 'node:fs'
import { access, mkdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode, UserError } from '../../config/lib/errors.ts'
import { until } from '../../config/lib/until.ts'
import type { Accelerator } from '../qemu/command.ts'
import type { Settings } from './home.ts'
import { hasSystemd, scopeCommand, startsScopes } from './systemd.ts'

/** The host's resources that a machine may use. */
export interface Limits {
  /** MiB. */
  memory: number
  /** CPUs' worth of time. */
  cpus: number
  /** Threads and processes. */
  tasks: number
}

/** Starts a machine within its limits. */
export interface Limiter {
  /** Command that starts another one and becomes it; empty where nothing can limit it. */
  command: readonly string[]
  /** The machine's own cgroup, which is removed after it. */
  cgroup?: string
}

const controllers = ['memory', 'cpu', 'pids'] as const
const periodUs = 100_000
const removeMs = 10_000

/**
 * What QEMU needs besides the machine's memory: its devices and buffers and, under emulation, up to 1 GiB of
 * translated code.
 */
const headroom: Record<Accelerator, number> = { kvm: 256, tcg: 256 + 1024 }
/** QEMU's own threads, including those that wait for disks. */
const ownTasks = 128

/** Computes the limits of a machine: QEMU's main loop gets a CPU besides those of the machine. */
export function limitsFor(machine: { memory: number; cpus: number }, accelerator: Accelerator): Limits {
  return {
    memory: machine.memory + headroom[accelerator],
    cpus: machine.cpus + 1,
    tasks: machine.cpus + ownTasks,
  }
}

/** Limits a machine by a systemd scope, else by a cgroup of the owner's, else not at all. */
export async function limiterFor(
  name: string,
  limits: Limits,
  { cgroup }: Pick<Settings, 'cgroup'>,
  bySystemd = hasSystemd(),
): Promise<Limiter> {
  if (bySystemd && startsScopes()) return { command: scopeCommand(limits) }
  return cgroup === undefined ? { command: [] } : makeCgroup(join(cgroup, name), limits)
}

async function makeCgroup(cgroup: string, limits: Limits): Promise<Limiter> {
  const files = {
    'memory.max': String(limits.memory * 2 ** 20),
    'cpu.max': `${limits.cpus * periodUs} ${periodUs}`,
    'pids.max': String(limits.tasks),
  }
  try {
    await mkdir(cgroup, { recursive: true })
    // After a restart of the host the folders do not exist.
    for (const above of [join(cgroup, '../..'), join(cgroup, '..')])
      for (const controller of controllers)
        await attempt(join(above, 'cgroup.subtree_control'), `+${controller}`)
    // `host status` reports limits that could not be set.
    for (const [file, value] of Object.entries(files)) await attempt(join(cgroup, file), value)
    await access(join(cgroup, 'cgroup.procs'))
  } catch {
    return { command: [] }
  }
  const script = 'echo 0 >"$0/cgroup.procs" || echo "no limits: cannot join the cgroup $0"; exec "$@"'
  return { command: ['sh', '-c', script, cgroup], cgroup }
}

async function attempt(file: string, value: string): Promise<void> {
  await writeFile(file, value, { flag: 'r+' }).catch(() => undefined)
}

/** Checks a folder. @throws {UserError} unless it is a cgroup v2 in which this user can create others */
export async function checkCgroup(folder: string): Promise<string> {
  const probe = join(folder, `probe-${process.pid}`)
  try {
    await mkdir(probe, { recursive: true })
    await access(join(probe, 'cgroup.procs'), constants.W_OK)
    return folder
  } catch (error) {
    throw new UserError(`--cgroup: ${folder} is not a cgroup v2 that this user can use`, {
      hint: 'use a folder below /sys/fs/cgroup that belongs to this user, with its files cgroup.procs and cgroup.subtree_control',
      cause: error,
    })
  } finally {
    await rmdir(probe).catch(() => undefined)
  }
}

/** Removes the cgroup of a machine that ended: its last threads may end a moment after its first. */
export async function removeCgroup(cgroup: string): Promise<void> {
  const remove = (): Promise<boolean> =>
    rmdir(cgroup).then(
      () => true,
      (error: unknown) => !hasCode(error, 'EBUSY'),
    )
  await until(remove, { timeoutMs: removeMs, everyMs: 50 })
}

/** Reads the limits that the kernel enforces for a process. */
export function limitsOfProcess(pid: number): Partial<Limits> {
  const cgroup = cgroupOf(pid)
  if (cgroup === undefined) return {}
  const memory = numberIn(join(cgroup, 'memory.max'))
  const cpu = numberIn(join(cgroup, 'cpu.max'))
  const tasks = numberIn(join(cgroup, 'pids.max'))
  return {
    ...(memory === undefined ? {} : { memory: memory / 2 ** 20 }),
    ...(cpu === undefined ? {} : { cpus: cpu / periodUs }),
    ...(tasks === undefined ? {} : { tasks }),
  }
}

/** Describes limits in one line for `npm run host -- status`. */
export function describeLimits({ memory, cpus, tasks }: Partial<Limits>): string {
  const known = [
    ...(memory === undefined ? [] : [`${memory} MiB`]),
    ...(cpus === undefined ? [] : [`${cpus} CPUs`]),
    ...(tasks === undefined ? [] : [`${tasks} tasks`]),
  ]
  if (known.length === controllers.length) return `at most ${known.join(', ')}`
  const missing = [
    ...(memory === undefined ? ['memory'] : []),
    ...(cpus === undefined ? ['CPUs'] : []),
    ...(tasks === undefined ? ['tasks'] : []),
  ]
  const how = hasSystemd()
    ? 'systemd cannot limit units of this user: install dbus-user-session, and set Delegate= in user@.service'
    : 'npm run host -- add NAME --cgroup FOLDER   limits its machines by a cgroup v2'
  return [
    ...(known.length === 0 ? [] : [`at most ${known.join(', ')}`]),
    `NO LIMIT for ${missing.join(', ')}: ${how}`,
  ].join('; ')
}

/** Returns the folder of the cgroup v2 of a process. */
function cgroupOf(pid: number): string | undefined {
  const path = /^0::(.*)$/m.exec(textOf(`/proc/${pid}/cgroup`))?.[1]
  const mount = /^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup2 /m.exec(textOf('/proc/self/mountinfo'))
  if (path === undefined || mount === null) return undefined
  const [, root = '/', folder = ''] = mount
  return join(folder, root === '/' ? path : path.replace(root, ''))
}

function numberIn(file: string): number | undefined {
  const number = Number.parseInt(textOf(file), 10)
  return Number.isNaN(number) ? undefined : number
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
