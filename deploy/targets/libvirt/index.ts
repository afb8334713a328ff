import { resolve } from 'node:path'
import { UserError } from '../../../build/lib/errors.ts'
import { log, progress } from '../../../build/lib/log.ts'
import { root } from '../../../build/lib/paths.ts'
import { type DataConfig, handOver, requireSnapshot } from '../../data/handover.ts'
import { artefactPath } from '../../release.ts'
import { type Listed, listReport } from '../../releases.ts'
import type { Context, Release, Target } from '../../target.ts'
import { shellLine } from '../local/qemu.ts'
import { type About, aboutOf, domainXml } from './domain.ts'
import { DataVolume } from './data.ts'
import { DomainMachine } from './machine.ts'
import { type LibvirtOptions, readOptions, schema } from './options.ts'
import { Pool } from './pool.ts'
import { type Virsh, virshOn } from './virsh.ts'

const notRunning = 3
/** A machine may be called nodeos-something, too. */
const layerVolume = /^nodeos-[a-z]+-[0-9a-f]{16}$/
const followMs = 1000

/** Defines the machine as a domain of a libvirt host. */
const libvirt: Target = {
  name: 'libvirt',
  summary: 'defines it as a domain of a libvirt host, replaces it behind a health gate',
  schema,
  needs: ['virsh'],

  async plan(release, context) {
    const options = readOptions(release.manifest.system)
    const { signal } = context
    const virsh = virshOn(options.uri, signal)
    const place = { path: '<pool>', pathOf: (volume: string) => `<pool>/${volume}` }
    const { xml, files } = describe(release, { options, pool: place, type: 'kvm', number: 1 })
    const commands = [
      ...files.map(({ file, volume }) => virsh.words('vol-upload', '--pool', options.pool, volume, file)),
      virsh.words('define', '--validate', 'domain.xml'),
      virsh.words('start', release.manifest.system.hostname),
    ]
    return {
      text: `${xml}\n${commands.map(shellLine).join('\n')}`,
      data: { domain: xml, commands },
    }
  },

  async deploy(release, context) {
    const { system } = release.manifest
    const options = readOptions(system)
    const { virsh, pool, machine } = await connect(system.hostname, options)
    const before = await ours(machine)
    const type = await domainType(virsh, context)
    const releases = await releasesOf(machine, pool)
    const number = Math.max(0, ...releases.map((each) => each.number)) + 1
    const { xml, files } = describe(release, { options, pool, type, number })
    const kept = await volumesInUse(virsh, pool)
    for (const { file, volume, what } of files) {
      if (kept.has(volume)) continue
      const line = progress(`Uploading ${what} to ${options.uri}`)
      await pool.upload(file, volume)
      line.done(volume)
    }
    const disk = new DataVolume(pool, machine.name)
    const seconds = await swap(
      machine,
      { xml, before, system, autostart: options.autostart, disk, data: system.data },
      context,
    )
    if (before !== undefined) await pool.uploadText(before, previousVolume(machine))
    await removeUnused(virsh, pool)
    return {
      text: `${machine.name} is up on ${options.uri} with release ${number}, healthy after ${seconds.toFixed(1)} s${await addressOf(virsh, machine)}`,
      data: { seconds, name: machine.name, uri: options.uri, ...aboutOf(xml) },
    }
  },

  async list({ config }) {
    const { pool, machine } = await connect(config.hostname, readOptions(config))
    return listReport((await releasesOf(machine, pool)).sort((a, b) => b.number - a.number))
  },

  async status({ config }) {
    const options = readOptions(config)
    const { machine } = await connect(config.hostname, options)
    const definition = await machine.definition()
    const running = definition !== undefined && (await machine.isRunning())
    if (!running) {
      const text = definition === undefined ? 'no machine was deployed' : `${machine.name} is off`
      return { text, data: { running }, status: notRunning }
    }
    const about = aboutOf(definition)
    const healthy = (await machine.console()).includes('"event":"health.ok"')
    return {
      text: [
        `${machine.name} is running on ${options.uri}: ${healthy ? 'healthy' : 'not healthy'}`,
        `  release  ${about?.number ?? 'unknown'}: ${about?.app ?? ''} ${about?.commit ?? ''}, deployed ${about?.deployed ?? ''}`,
      ].join('\n'),
      data: { running, healthy, name: machine.name, uri: options.uri, ...about },
    }
  },

  async logs({ config, signal, print }, follow) {
    const { machine } = await connect(config.hostname, readOptions(config))
    for (let printed = 0; ; await new Promise((resolve) => setTimeout(resolve, followMs))) {
      const running = await machine.isRunning()
      const console = await machine.console()
      // It begins anew with each start.
      if (console.length < printed) printed = 0
      print(console.slice(printed))
      printed = console.length
      if (!follow || !running || signal.aborted) return
    }
  },

  async stop({ config }) {
    const { machine } = await connect(config.hostname, readOptions(config))
    if (!(await machine.isRunning())) return { text: 'no machine is running', data: { stopped: false } }
    const ending = await machine.stop(config.restart.drainTimeout)
    return { text: `${machine.name} ${ending}`, data: { stopped: true, ending } }
  },

  async rollback(context, number, { data = false } = {}) {
    const { config } = context
    const options = readOptions(config)
    const { pool, machine } = await connect(config.hostname, options)
    const before = await ours(machine)
    const previous = await pool.read(previousVolume(machine))
    const old = previous === undefined ? undefined : aboutOf(previous)
    if (previous === undefined || (number !== undefined && number !== old?.number)) {
      const wanted =
        number === undefined ? 'no release before this one' : `no release ${number} to go back to`
      throw new UserError(`${machine.name} has ${wanted}`, {
        hint: `there is: ${old?.number ?? 'none'}   (npm run deploy:list)`,
      })
    }
    const disk = new DataVolume(pool, machine.name)
    if (data && old !== undefined) await requireSnapshot(disk, old.number)
    await swap(
      machine,
      {
        xml: previous,
        before,
        system: config,
        autostart: options.autostart,
        disk,
        data: config.data,
        ...(data && old !== undefined ? { restore: old.number } : {}),
      },
      context,
    )
    if (before !== undefined) await pool.uploadText(before, previousVolume(machine))
    return { text: `${machine.name} runs release ${old?.number} again`, data: { ...old } }
  },

  async destroy({ config }, { data = false } = {}) {
    const { virsh, pool, machine } = await connect(config.hostname, readOptions(config))
    const disk = new DataVolume(pool, machine.name)
    if ((await ours(machine)) === undefined) {
      if (data) await disk.remove()
      return { text: 'no machine was deployed', data: { destroyed: false } }
    }
    if (await machine.isRunning()) await machine.stop(config.restart.drainTimeout)
    await virsh.run('undefine', machine.name)
    for (const volume of [previousVolume(machine), envVolume(machine), machine.consoleVolume])
      await pool.remove(volume)
    await removeUnused(virsh, pool)
    if (data) await disk.remove()
    const stays = (await disk.exists())
      ? `; its data stays in volume ${disk.volume} (-- --data   removes it too)`
      : ''
    return { text: `${machine.name} and its volumes are gone${stays}`, data: { destroyed: true } }
  },
}

export default libvirt

interface Connection {
  virsh: Virsh
  pool: Pool
  machine: DomainMachine
}

/** What was begun is ended properly: an interrupt stops the waiting, not virsh. */
async function connect(name: string, { uri, pool: poolName }: LibvirtOptions): Promise<Connection> {
  const virsh = virshOn(uri, new AbortController().signal)
  const pool = await Pool.open(virsh, poolName)
  return { virsh, pool, machine: new DomainMachine(name, virsh, pool) }
}

function previousVolume({ name }: { name: string }): string {
  return `${name}.previous`
}

function envVolume({ name }: { name: string }): string {
  return `${name}.env`
}

/** What runs, and what it can be brought back to. */
async function releasesOf(machine: DomainMachine, pool: Pool): Promise<Listed[]> {
  const definitions = [await machine.definition(), await pool.read(previousVolume(machine))]
  return definitions.flatMap((xml, index) => {
    const about = xml === undefined ? undefined : aboutOf(xml)
    if (about === undefined) return []
    const { number, app, deployed, commit, dirty } = about
    const source = { ...(commit === undefined ? {} : { commit }), ...(dirty === undefined ? {} : { dirty }) }
    return { number, added: deployed, app, source, serves: index === 0 }
  })
}

/** The definition that is there. @throws when it is not a machine of NodeOS */
async function ours(machine: DomainMachine): Promise<string | undefined> {
  const definition = await machine.definition()
  if (definition === undefined || aboutOf(definition) !== undefined) return definition
  throw new UserError(`the domain '${machine.name}' is not a machine of NodeOS`, {
    hint: 'hostname in config/system.json names the domain: choose another one',
  })
}

async function domainType(virsh: Virsh, { env }: Context): Promise<'kvm' | 'qemu'> {
  const wanted = env['NODEOS_ACCEL']
  if (wanted === 'kvm') return 'kvm'
  if (wanted === 'tcg') return 'qemu'
  const found = await virsh.ask('domcapabilities', '--virttype', 'kvm', '--machine', 'q35')
  if (found === undefined) log.warn('the hypervisor has no KVM: the machine is emulated, which is slow')
  return found === undefined ? 'qemu' : 'kvm'
}

interface Upload {
  what: string
  file: string
  volume: string
}

interface Described {
  options: LibvirtOptions
  pool: Pick<Pool, 'pathOf'>
  type: 'kvm' | 'qemu'
  number: number
}

/** The domain of a release, and the files that it is made of. */
function describe(
  release: Release,
  { options, pool, type, number }: Described,
): { xml: string; files: Upload[] } {
  const { manifest } = release
  const { system } = manifest
  const layer = (name: string): Upload => {
    const sha256 = manifest.artefacts.find((artefact) => artefact.name === name)?.sha256 ?? ''
    const volume = `nodeos-${name.replace(/^.*\//, '')}-${sha256.slice(0, 16)}`
    return { what: name, file: artefactPath(release, name), volume }
  }
  const [kernel, runtime, app] = [layer('kernel/vmlinux'), layer('runtime'), layer('app')]
  const machine = { name: system.hostname }
  const env =
    options.env === undefined
      ? undefined
      : { what: 'the environment', file: resolve(root, options.env), volume: envVolume(machine) }
  const about: About = {
    number,
    app: manifest.app,
    ...manifest.source,
    deployed: new Date().toISOString(),
    volumes: [kernel, runtime, app].map(({ volume }) => volume),
    drainTimeout: system.restart.drainTimeout,
  }
  const xml = domainXml({
    name: system.hostname,
    type,
    kernel: pool.pathOf(kernel.volume),
    runtime: pool.pathOf(runtime.volume),
    app: pool.pathOf(app.volume),
    ...(system.data === undefined ? {} : { data: pool.pathOf(`${system.hostname}.data`) }),
    console: pool.pathOf(`${system.hostname}.console`),
    ...(env === undefined ? {} : { env: pool.pathOf(env.volume) }),
    system,
    network: options.network,
    ports: system.ports.map(({ guest, host = guest, protocol }) => ({ guest, host, protocol })),
    about,
  })
  return { xml, files: [kernel, runtime, app, ...(env === undefined ? [] : [env])] }
}

interface Swap {
  xml: string
  /** The definition that runs now. */
  before: string | undefined
  system: Context['config']
  autostart: boolean
  disk: DataVolume
  /** What the machine that comes asks for. */
  data: DataConfig | undefined
  /** Number of the release whose data are to be brought back. */
  restore?: number
}

/**
 * Starts one definition in the place of another; the one before comes back when it does not become healthy,
 * with its data as it left them.
 *
 * @returns seconds until it was healthy
 */
async function swap(
  machine: DomainMachine,
  { xml, before, system, autostart, disk, data, restore }: Swap,
  { signal }: Context,
): Promise<number> {
  const wasRunning = before !== undefined && (await machine.isRunning())
  if (wasRunning) {
    log.step(`Stopping ${machine.name}, the release before`)
    log.info(await machine.stop(aboutOf(before)?.drainTimeout ?? system.restart.drainTimeout))
  }
  const line = progress(`Booting ${machine.name}`)
  let undo: (() => Promise<void>) | undefined
  try {
    const from = before === undefined ? undefined : aboutOf(before)?.number
    const kept = [from, aboutOf(xml)?.number].filter((number) => number !== undefined)
    undo = await handOver(disk, { data, from, restore, kept })
    await machine.start(xml, autostart)
    const seconds = await machine.awaitHealth(system.health.timeout, line, signal)
    line.done(`healthy after ${seconds.toFixed(1)} s`)
    return seconds
  } catch (error) {
    await machine.kill()
    await undo?.()
    if (!wasRunning) throw error
    log.warn('the release before is started again')
    await machine.start(before, autostart)
    await machine.awaitHealth(system.health.timeout, line, new AbortController().signal)
    const { message, hint } = error as UserError
    throw new UserError(`${message}; the release before runs again`, hint === undefined ? {} : { hint })
  }
}

/** Volumes that some machine of NodeOS on this hypervisor, or its release before, is made of. */
async function volumesInUse(virsh: Virsh, pool: Pool): Promise<Set<string>> {
  const names = (await virsh.run('list', '--all', '--name')).split('\n').filter((name) => name !== '')
  const definitions = await Promise.all(names.map((name) => virsh.ask('dumpxml', '--inactive', name)))
  const before = (await pool.volumes()).filter((name) => name.endsWith('.previous'))
  for (const name of before) definitions.push(await pool.read(name))
  return new Set(definitions.flatMap((xml) => (xml === undefined ? [] : (aboutOf(xml)?.volumes ?? []))))
}

async function removeUnused(virsh: Virsh, pool: Pool): Promise<void> {
  const used = await volumesInUse(virsh, pool)
  for (const volume of await pool.volumes()) {
    if (layerVolume.test(volume) && !used.has(volume)) await pool.remove(volume)
  }
}

/** Where it is reached, when libvirt's own DHCP server knows. */
async function addressOf(virsh: Virsh, { name }: DomainMachine): Promise<string> {
  const [, address] = /ipv4\s+([\d.]+)\//.exec((await virsh.ask('domifaddr', name)) ?? '') ?? []
  return address === undefined ? '' : `, at ${address}`
}
