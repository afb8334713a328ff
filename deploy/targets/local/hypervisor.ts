import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { findProgram } from '../../../config/lib/find.ts'
import { readOwnJson, writeJson } from '../../../config/lib/json.ts'
import { log, progress } from '../../../config/lib/log.ts'
import { root } from '../../../config/lib/paths.ts'
import { isRunning } from '../../../config/lib/process.ts'
import { DataDisk } from '../../data/disk.ts'
import type { DataConfig } from '../../data/handover.ts'
import type { MachineSpec, PortForward } from '../../qemu/command.ts'
import { healthUrl } from '../../qemu/description.ts'
import { watch } from '../../qemu/health.ts'
import {
  type Ending,
  killMachine,
  type Machine,
  startMachine,
  stopMachine,
  strays,
} from '../../qemu/machine.ts'
import { describeWithOptions, readOptions } from '../../qemu/options.ts'
import { requireFreePorts } from '../../qemu/ports.ts'
import { bootFiles } from '../../release/dist.ts'
import { awaitHealth } from '../../release/health.ts'
import type { Hypervisor } from '../../release/lifecycle.ts'
import { ReleaseStore } from '../../release/store.ts'
import type { Context, Release } from '../../target.ts'

/** The machine of the last deploy, as the state file records it. */
export interface State extends Machine {
  name: string
  /** ISO 8601. */
  deployed: string
  /** Where the app and its health check respond, if ports are published. */
  url?: string
  health?: string
  /** Seconds that a drain may take. */
  drainTimeout: number
  memory: number
  /** Of the release; undefined until it was healthy. */
  number?: number
  /** From power-on until it was healthy. */
  seconds?: number
}

/** A release, and its number if it was healthy before. */
export interface LocalRelease {
  release: Release
  number: number | undefined
}

/** A machine that was started, and its release, if it is known. */
export interface Started {
  state: State
  origin?: LocalRelease
}

const graceMs = 5000
/** Releases that stay ready to run. */
const keep = 5

/** Runs one machine under QEMU on this host, in the background. */
export class LocalHypervisor implements Hypervisor<LocalRelease, Started> {
  readonly store: ReleaseStore
  readonly #context: Context
  #failedConsole: string

  constructor(context: Context) {
    this.#context = context
    this.store = new ReleaseStore(join(context.state, 'store'))
    this.#failedConsole = failedConsole(context)
  }

  async start(origin: LocalRelease): Promise<Started> {
    const { state: folder } = this.#context
    const { system } = origin.release.manifest
    const { spec, fallback } = await describe(origin.release, this.#context)
    const machine = await startMachine(spec, folder, { fallback })
    const url = healthUrl(system, spec)
    const state: State = {
      ...machine,
      name: spec.name,
      deployed: new Date().toISOString(),
      ...urls(url),
      drainTimeout: system.restart.drainTimeout,
      memory: spec.memory,
    }
    await writeState(folder, state)
    return { state, origin }
  }

  async awaitHealth(machine: Started): Promise<void> {
    const { state, origin } = machine
    if (origin === undefined) return
    const line = progress(`Booting ${state.name} (${state.accelerator})`)
    const watched = watch(state, state.health)
    const { signal } = this.#context
    const { system } = origin.release.manifest
    const seconds = await awaitHealth(watched, { system, signal, failedConsole: this.#failedConsole }, line)
    line.done(`healthy after ${seconds.toFixed(1)} s`)
    machine.state = { ...state, seconds, ...urls(watched.url()) }
  }

  async serve(machine: Started): Promise<void> {
    const { state, origin } = machine
    if (origin === undefined) return
    const number = origin.number ?? (await this.store.addBuilt(origin.release)).number
    machine.state = { ...state, number }
    await writeState(this.#context.state, machine.state)
    await this.store.prune(keep, [number])
  }

  async isRunning({ state }: Started): Promise<boolean> {
    return isRunning(state)
  }

  async stop({ state }: Started): Promise<void> {
    log.step(`Stopping the machine of the previous deploy (pid ${state.pid})`)
    log.info(await powerOff(state))
    await forgetState(this.#context.state)
  }

  async kill({ state }: Started): Promise<void> {
    await killMachine(state)
  }

  async restore(origin: LocalRelease): Promise<void> {
    log.warn(`starting release ${origin.number} again, the previous one`)
    this.#failedConsole = `${failedConsole(this.#context)}.previous`
    const machine = await this.start(origin)
    try {
      await this.awaitHealth(machine)
      await this.serve(machine)
    } catch (error) {
      await this.kill(machine)
      throw error
    }
  }
}

/** Describes the machine of a release, with the options of its configuration. */
export async function describe(
  release: Release,
  context: Context,
): Promise<{ spec: MachineSpec; fallback: boolean }> {
  const { system } = release.manifest
  const options = await readOptions(system.deploy.options)
  const data = system.data === undefined ? undefined : (await dataDiskOf(context)).file
  return describeWithOptions(bootFiles(release), options, context.env, { data })
}

/** @throws {UserError} if another program than the machine that will be replaced uses a port */
export async function requirePorts(
  release: Release,
  context: Context,
  old: State | undefined,
): Promise<void> {
  const { spec } = await describe(release, context)
  const ports = old !== undefined && isRunning(old) ? old.ports : []
  const own = (port: PortForward): boolean =>
    ports.some(({ host, protocol }) => host === port.host && protocol === port.protocol)
  await requireFreePorts(spec.ports, spec.bind, own)
}

/** Drains the app and powers the machine off. */
export function powerOff(state: State): Promise<Ending> {
  return stopMachine(state, state.drainTimeout * 1000 + graceMs)
}

/** Stops machines left behind by a deploy that was killed while it started them. @returns how the last one ended */
export async function stopStrays(
  { state, config }: Context,
  known: State | undefined,
): Promise<Ending | undefined> {
  let ending: Ending | undefined
  for (const stray of await strays(state, known?.pid)) {
    log.warn(`stopping a machine left over from a deploy that was killed (pid ${stray.pid})`)
    ending = await stopMachine(stray, config.restart.drainTimeout * 1000 + graceMs)
  }
  return ending
}

/** The file that keeps the console of the last machine that did not become healthy. */
export function failedConsole({ state }: Pick<Context, 'state'>): string {
  return join(state, 'failed-console.log')
}

function urls(health: string | undefined): Pick<State, 'url' | 'health'> {
  return health === undefined ? {} : { url: new URL('/', health).href, health }
}

/** Reads the state of the last deploy; undefined before the first one, or if the file is damaged. */
export async function readState(folder: string): Promise<State | undefined> {
  return readOwnJson<State>(stateFile(folder))
}

export async function writeState(folder: string, state: State): Promise<void> {
  await writeJson(stateFile(folder), state)
}

export async function forgetState(folder: string): Promise<void> {
  await rm(stateFile(folder), { force: true })
}

function stateFile(folder: string): string {
  return join(folder, 'state.json')
}

/** The data disk of this repository's machine: outside of `dist/`, which anybody may remove. */
export async function dataDiskOf({ config, env }: Pick<Context, 'config' | 'env'>): Promise<DataDisk> {
  const { data } = await readOptions(config.deploy.options)
  const states = env['XDG_STATE_HOME'] || join(homedir(), '.local/state')
  const own = createHash('sha256').update(root).digest('hex').slice(0, 8)
  return new DataDisk(data ?? join(states, 'nodeos', `${config.hostname}-${own}`, 'data.qcow2'))
}

/** The commands that make a data disk as it is made here, for a person to run. */
export function diskCommands({ file }: DataDisk, { label, size }: DataConfig): string[][] {
  const raw = `${file}.unfinished-raw`
  return [
    ['mkdir', '-p', dirname(file)],
    [findProgram('mke2fs') ?? 'mke2fs', '-q', '-F', '-t', 'ext4', '-m', '0', '-L', label, raw, `${size}M`],
    ['qemu-img', 'convert', '-q', '-f', 'raw', '-O', 'qcow2', raw, file],
    ['rm', raw],
  ]
}
