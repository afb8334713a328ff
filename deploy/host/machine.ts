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
import { type Hold, holdFor, limitsOf, releaseHold } from './limits.ts'
import { writeJson } from '../../config/lib/json.ts'
import { readJson, type Settings } from './home.ts'

/** A machine of an appliance: enough to find it again after the service has ended. */
export interface Booted extends Machine {
  /** Of its release. */
  number: number
  /** Its folder. */
  folder: string
  drainTimeout: number
  memory: number
  /** Published ports and where they lead. */
  published: (PublishedPort & { local: number })[]
  health?: string
  /** Its own, to be removed after it. */
  cgroup?: string
}

/** A check that flaps is no health: so many answers in a row must be good. */
const goodAnswers = 3
const markFile = 'machine.json'
const graceMs = 5000
/** Ports on the loopback interface are looked for from here on. */
let nextPort = 20_000 + (process.pid % 20_000)

export interface BootOptions {
  name: string
  store: ReleaseStore
  settings: Settings
  /** Folder for the machine's files; made by this. */
  folder: string
  /** The data disk, which no other machine has now. */
  data?: string
  signal: AbortSignal
  /** File that keeps the console of a machine that did not become healthy. */
  failedConsole: string
  line: Progress
}

/** What a release publishes on this host: as its owner says, else as the release asks. */
export function publishedPorts(system: Pick<SystemConfig, 'ports'>, { publish }: Settings): PortForward[] {
  return system.ports.map(({ guest, host = guest, protocol }) => {
    const own = publish.find((each) => each.guest === guest && each.protocol === protocol)
    return { guest, host: own?.host ?? host, protocol }
  })
}

/**
 * Boots a release beside whatever runs, and waits until it is well.
 *
 * @throws {UserError} when it does not become healthy, with the console's last lines; then nothing of it is left
 */
export async function boot(kept: Kept, options: BootOptions): Promise<Booted> {
  const { system } = kept.manifest
  const choice = chooseAccelerator({ environment: process.env['NODEOS_ACCEL'] })
  const { spec, published, health } = await describe(kept, choice.accelerator, options)
  let hold: Hold = { command: [] }
  const within = async (accelerator: Accelerator): Promise<readonly string[]> => {
    const name = `${options.name}-${basename(options.folder)}`
    hold = await holdFor(name, limitsOf(spec, accelerator), options.settings)
    return hold.command
  }
  const machine = await startMachine(spec, options.folder, { fallback: !choice.forced, within })
  const booted: Booted = {
    ...machine,
    number: kept.number,
    folder: options.folder,
    drainTimeout: system.restart.drainTimeout,
    memory: system.machine.memory,
    published,
    ...(health === undefined ? {} : { health }),
    ...(hold.cgroup === undefined ? {} : { cgroup: hold.cgroup }),
  }
  try {
    // Before it is healthy: a service that is killed here finds it when it starts again.
    await writeJson(join(options.folder, markFile), booted)
    const { signal, line } = options
    const { failedConsole } = options
    const wanted = { system, signal, failedConsole, times: goodAnswers }
    const seconds = await awaitHealth(watch(machine, health), wanted, line)
    line.done(`healthy after ${seconds.toFixed(1)} s`)
    return booted
  } catch (error) {
    await discard(booted)
    throw error
  }
}

async function describe(
  kept: Kept,
  accelerator: Accelerator,
  { name, store, settings, data }: BootOptions,
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

/** Where the published ports lead with this machine. */
export function backendOf({ published }: Booted): Backend {
  return new Map(published.map((each) => [portKey(each), each.local]))
}

/** Lets a machine finish what it does, powers it off, and clears up after it. */
export async function retire(booted: Booted): Promise<string> {
  const ending = await stopMachine(booted, booted.drainTimeout * 1000 + graceMs)
  await clearUp(booted)
  return ending
}

/** Pulls the plug of a machine and clears up after it. */
export async function discard(booted: Booted): Promise<void> {
  await killMachine(booted)
  await clearUp(booted)
}

async function clearUp(booted: Booted): Promise<void> {
  await releaseHold(booted)
  await rm(booted.folder, { recursive: true, force: true })
}

/** Machines that are in a folder, running or not: those that a service that was killed left behind too. */
export async function machinesIn(folder: string): Promise<Booted[]> {
  const names = await readdir(folder).catch(() => [])
  const found = await Promise.all(names.map((name) => readJson<Booted>(join(folder, name, markFile))))
  return found.filter((booted) => booted !== undefined)
}

/**
 * Kills machines of a folder that nobody has noted: their service was killed at the moment of their start.
 *
 * @param noted process ids that stay
 */
export async function killStrays(folder: string, noted: readonly number[]): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
    // What holds a machine becomes QEMU, and has its words already.
    if (!noted.includes(pid) && words.includes('qemu-system') && words.includes(`path=${folder}/`))
      process.kill(pid, 'SIGKILL')
  }
  const kept = new Set((await machinesIn(folder)).map((booted) => booted.folder))
  for (const name of await readdir(folder).catch(() => [])) {
    if (!kept.has(join(folder, name))) await rm(join(folder, name), { recursive: true, force: true })
  }
}
