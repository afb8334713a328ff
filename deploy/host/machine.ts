import { readdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Progress } from '../../config/lib/log.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { bootFiles } from '../release/dist.ts'
import type { Kept, ReleaseStore } from '../release/store.ts'
import { chooseAccelerator } from '../qemu/options.ts'
import { watch } from '../qemu/health.ts'
import { awaitHealth } from '../release/health.ts'
import { describeMachine, healthUrl } from '../qemu/description.ts'
import { killMachine, type Machine, startMachine, stopMachine } from '../qemu/machine.ts'
import { nextFreePort } from '../qemu/ports.ts'
import { type Accelerator, type MachineSpec, type PortForward } from '../qemu/command.ts'
import { type Backend, portKey, type PublishedPort } from './proxy.ts'
import { type Limiter, limiterFor, limitsFor, removeCgroup } from './limits.ts'
import { readOwnJson, writeJson } from '../../config/lib/json.ts'
import type { Settings } from './home.ts'

/** A machine of an appliance: enough to find it again when the service restarts. */
export interface Booted extends Machine {
  /** Number of its release. */
  number: number
  folder: string
  drainTimeout: number
  memory: number
  /** Published ports, and the loopback ports that they are forwarded to. */
  published: (PublishedPort & { local: number })[]
  health?: string
  /** Its own cgroup, which is removed with it. */
  cgroup?: string
}

/** Rejects an app whose health check is unstable. */
const checksInARow = 3
const recordFile = 'machine.json'
const graceMs = 5000
const progressMs = 5000
/** The search for free ports on the loopback interface starts here. */
let nextPort = 20_000 + (process.pid % 20_000)

export interface StartOptions {
  name: string
  store: ReleaseStore
  settings: Settings
  /** Folder for the machine's files; created by the start. */
  folder: string
  /** The data disk, which no other machine uses now. */
  data?: string
}

/** Lists the ports that a release publishes on this host: the owner's settings override those of the release. */
export function publishedPorts(system: Pick<SystemConfig, 'ports'>, { publish }: Settings): PortForward[] {
  return system.ports.map(({ guest, host = guest, protocol }) => {
    const own = publish.find((each) => each.guest === guest && each.protocol === protocol)
    return { guest, host: own?.host ?? host, protocol }
  })
}

/** Starts the machine of a release, and records it in its folder. Leaves nothing if it fails. */
export async function startRelease(kept: Kept, options: StartOptions): Promise<Booted> {
  const { folder, settings } = options
  const { system } = kept.manifest
  const choice = chooseAccelerator({ environment: process.env['NODEOS_ACCEL'] })
  const { spec, published, health } = await describe(kept, choice.accelerator, options)
  let limiter: Limiter = { command: [] }
  const within = async (accelerator: Accelerator): Promise<readonly string[]> => {
    limiter = await limiterFor(`${options.name}-${basename(folder)}`, limitsFor(spec, accelerator), settings)
    return limiter.command
  }
  const machine = await startMachine(spec, folder, { fallback: !choice.forced, within })
  const booted: Booted = {
    ...machine,
    number: kept.number,
    folder,
    drainTimeout: system.restart.drainTimeout,
    memory: system.machine.memory,
    published,
    ...(health === undefined ? {} : { health }),
    ...(limiter.cgroup === undefined ? {} : { cgroup: limiter.cgroup }),
  }
  try {
    await writeJson(join(folder, recordFile), booted)
  } catch (error) {
    await killBooted(booted)
    throw error
  }
  return booted
}

/** Waits until a machine of a release is healthy. @throws {UserError} naming the cause */
export async function awaitHealthOf(
  booted: Booted,
  { manifest: { system } }: Kept,
  { signal, failedConsole, line }: { signal: AbortSignal; failedConsole: string; line: Progress },
): Promise<void> {
  const wait = { system, signal, failedConsole, times: checksInARow }
  const seconds = await awaitHealth(watch(booted, booted.health), wait, line)
  line.done(`healthy after ${seconds.toFixed(1)} s`)
}

async function describe(
  kept: Kept,
  accelerator: Accelerator,
  { name, store, settings, data }: StartOptions,
): Promise<{ spec: MachineSpec; published: Booted['published']; health: string | undefined }> {
  const { system } = kept.manifest
  const published = []
  const ports: PortForward[] = []
  for (const { guest, host, protocol } of publishedPorts(system, settings)) {
    nextPort = (await nextFreePort(nextPort, protocol, '127.0.0.1')) + 1
    ports.push({ guest, host: nextPort - 1, protocol })
    published.push({ port: host, protocol, local: nextPort - 1 })
  }
  const instance = settings.env === undefined ? {} : { envFile: settings.env }
  const spec = describeMachine(bootFiles(store.release(kept)), { accelerator, name, ports, data, instance })
  return { spec, published, health: healthUrl(system, spec) }
}

/** Lists the ports on which a release is published. */
export function portsOf({ manifest }: Kept, settings: Settings): PublishedPort[] {
  return publishedPorts(manifest.system, settings).map(({ host, protocol }) => ({ port: host, protocol }))
}

/** Prints progress for the person who pushes. */
export function progressFor(label: string, print: (text: string) => void): Progress {
  print(label)
  let printed = Date.now()
  return {
    update(text) {
      if (Date.now() - printed < progressMs) return
      printed = Date.now()
      print(`  ${text}`)
    },
    done: (text) => print(`  ${text}`),
  }
}

/** Returns where the published ports are forwarded to with this machine. */
export function backendOf({ published }: Booted): Backend {
  return new Map(published.map((each) => [portKey(each), each.local]))
}

/** Drains the app, powers the machine off, and removes its folder and cgroup. */
export async function stopBooted(booted: Booted): Promise<string> {
  const ending = await stopMachine(booted, booted.drainTimeout * 1000 + graceMs)
  await removeFiles(booted)
  return ending
}

/** Kills a machine, and removes its folder and cgroup. */
export async function killBooted(booted: Booted): Promise<void> {
  await killMachine(booted)
  await removeFiles(booted)
}

async function removeFiles({ cgroup, folder }: Booted): Promise<void> {
  if (cgroup !== undefined) await removeCgroup(cgroup)
  await rm(folder, { recursive: true, force: true })
}

/** Lists the recorded machines of a folder, running or not. */
export async function machinesIn(folder: string): Promise<Booted[]> {
  const names = await readdir(folder).catch(() => [])
  const found = await Promise.all(names.map((name) => readOwnJson<Booted>(join(folder, name, recordFile))))
  return found.filter((booted) => booted !== undefined)
}

/**
 * Kills machines of a folder that have no record: their service was killed while it started them.
 *
 * @param recorded process ids of machines that stay
 */
export async function killStrays(folder: string, recorded: readonly number[]): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
    // The command that limits a machine becomes QEMU, and has the same arguments before.
    if (!recorded.includes(pid) && words.includes('qemu-system') && words.includes(`path=${folder}/`))
      process.kill(pid, 'SIGKILL')
  }
  const kept = new Set((await machinesIn(folder)).map((booted) => booted.folder))
  for (const name of await readdir(folder).catch(() => [])) {
    if (!kept.has(join(folder, name))) await rm(join(folder, name), { recursive: true, force: true })
  }
}
