import { constants, readFileSync } from 'node:fs'
import { access, mkdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import shell from 'shelljs'
import { UserError } from '../../config/lib/errors.ts'
import type { Accelerator } from '../qemu/command.ts'
import type { Settings } from './home.ts'
import { hasSystemd } from './systemd.ts'

/** What a machine may take of the host. */
export interface Limits {
  /** MiB. */
  memory: number
  /** CPUs' worth of time. */
  cpus: number
  /** Threads and processes. */
  tasks: number
}

/** Something that holds a machine within its limits. */
export interface Hold {
  /** Command that starts another one within them; it becomes that one. Empty where nothing holds. */
  command: readonly string[]
  /** The machine's own cgroup, to be removed after it. */
  cgroup?: string
}

const controllers = ['memory', 'cpu', 'pids'] as const
const periodUs = 100_000
const releaseMs = 10_000
const releasePollMs = 50
const scope = ['systemd-run', '--user', '--scope', '--quiet', '--collect'] as const

/**
 * What QEMU takes beside the machine's memory: its devices and buffers and, when it emulates, up to 1 GiB of
 * translated code.
 */
const headroom: Record<Accelerator, number> = { kvm: 256, tcg: 256 + 1024 }
/** QEMU's own threads, those that wait for disks included. */
const ownTasks = 128

/** What a machine of this size may take: QEMU's main loop has a CPU beside those of the machine. */
export function limitsOf(machine: { memory: number; cpus: number }, accelerator: Accelerator): Limits {
  return {
    memory: machine.memory + headroom[accelerator],
    cpus: machine.cpus + 1,
    tasks: machine.cpus + ownTasks,
  }
}

/** systemd holds it where it runs; else the cgroup that the owner of the host gives away; else nothing. */
export async function holdFor(
  name: string,
  limits: Limits,
  { cgroup }: Pick<Settings, 'cgroup'>,
  bySystemd = hasSystemd(),
): Promise<Hold> {
  if (bySystemd && takesScopes()) return { command: scopeCommand(limits) }
  return cgroup === undefined ? { command: [] } : makeCgroup(join(cgroup, name), limits)
}

/** A systemd without its bus makes none; a machine that nothing holds is better than none. */
function takesScopes(): boolean {
  return shell.cmd(...scope, '--', 'true').code === 0
}

/** A scope of its own goes on when the service that started it ends, or is started anew. */
export function scopeCommand({ memory, cpus, tasks }: Limits): string[] {
  const properties = { MemoryMax: `${memory}M`, CPUQuota: `${cpus * 100}%`, TasksMax: String(tasks) }
  return [...scope, ...Object.entries(properties).flatMap(([key, value]) => ['-p', `${key}=${value}`]), '--']
}

async function makeCgroup(cgroup: string, limits: Limits): Promise<Hold> {
  const files = {
    'memory.max': String(limits.memory * 2 ** 20),
    'cpu.max': `${limits.cpus * periodUs} ${periodUs}`,
    'pids.max': String(limits.tasks),
  }
  try {
    await mkdir(cgroup, { recursive: true })
    // After a restart of the host nothing of it is there: whoever may make it anew does.
    for (const above of [join(cgroup, '../..'), join(cgroup, '..')])
      for (const controller of controllers)
        await attempt(join(above, 'cgroup.subtree_control'), `+${controller}`)
    // What cannot be set is missing in what `heldBy` finds, and the status says so.
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

/** @throws {UserError} when a folder is no cgroup v2 in which this user may make others */
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

/** Removes a machine's cgroup after it has ended: its last threads may be a moment behind its first. */
export async function releaseHold({ cgroup }: Pick<Hold, 'cgroup'>): Promise<void> {
  if (cgroup === undefined) return
  for (const until = Date.now() + releaseMs; ; await wait(releasePollMs)) {
    const error = await rmdir(cgroup).catch((error: NodeJS.ErrnoException) => error)
    if (error?.code !== 'EBUSY' || Date.now() > until) return
  }
}

/** The limits that the kernel holds a process to: those that are missing do not hold. */
export function heldBy(pid: number): Partial<Limits> {
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

/** One line for `npm run host -- status`. */
export function describeHold({ memory, cpus, tasks }: Partial<Limits>): string {
  const held = [
    ...(memory === undefined ? [] : [`${memory} MiB`]),
    ...(cpus === undefined ? [] : [`${cpus} CPUs`]),
    ...(tasks === undefined ? [] : [`${tasks} tasks`]),
  ]
  if (held.length === controllers.length) return `at most ${held.join(', ')}`
  const missing = [
    ...(memory === undefined ? ['memory'] : []),
    ...(cpus === undefined ? ['CPUs'] : []),
    ...(tasks === undefined ? ['tasks'] : []),
  ]
  const how = hasSystemd()
    ? 'systemd cannot limit units of this user: install dbus-user-session, and set Delegate= in user@.service'
    : 'npm run host -- add NAME --cgroup FOLDER   limits its machines by a cgroup v2'
  return [
    ...(held.length === 0 ? [] : [`at most ${held.join(', ')}`]),
    `NO LIMIT for ${missing.join(', ')}: ${how}`,
  ].join('; ')
}

/** Folder of the cgroup v2 that a process is in. */
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
