import { UserError } from '../../../config/lib/errors.ts'
import { progress } from '../../../config/lib/log.ts'
import { requireSnapshot } from '../../data/handover.ts'
import { keptData, listReport, noMachine } from '../../release/report.ts'
import type { Context, Release, Report, Target } from '../../target.ts'
import { shellLine } from '../../../config/lib/run.ts'
import { DataVolume } from './data.ts'
import {
  aboutOf,
  envVolume,
  previousVolume,
  type Defined,
  definedIn,
  describe,
  domainType,
  type Upload,
} from './domain.ts'
import {
  exclusively,
  previousOf,
  releasesOf,
  removeUnused,
  replaceDomain,
  volumesInUse,
} from './hypervisor.ts'
import { DomainMachine, lastReport } from './machine.ts'
import { type LibvirtOptions, readOptions, schema } from './options.ts'
import { Pool, type Virsh, virshOn } from './virsh.ts'

const followMs = 1000

/** Defines the machine as a domain of a libvirt host. */
const libvirt: Target = {
  name: 'libvirt',
  summary: 'defines the machine as a domain on a libvirt host; a new release must pass the health check',
  schema,
  needs: ['virsh'],

  async plan(release, context) {
    const { system } = release.manifest
    const options = readOptions(system)
    const connection = await connect(system.hostname, options)
    const { virsh, pool, machine } = connection
    const { next, missing } = await prepare(release, options, connection, context)
    const uploads = await Promise.all(missing.map(({ file, volume }) => pool.uploadCommands(file, volume)))
    const commands = [
      ...uploads.flat(),
      ...((await machine.isOff()) ? [] : [['shutdown', '--mode', 'acpi', machine.name]]),
      ['define', '--validate', 'domain.xml'],
      ['start', machine.name],
      ['autostart', machine.name, ...(options.autostart ? [] : ['--disable'])],
    ].map((words) => virsh.words(...words))
    return {
      text: `${next.xml}\n${commands.map(shellLine).join('\n')}`,
      data: { domain: next.xml, commands },
    }
  },

  async deploy(release, context) {
    const { system } = release.manifest
    const options = readOptions(system)
    const connection = await connect(system.hostname, options)
    return exclusively(connection.machine, connection.pool, options, () =>
      upload(release, options, connection, context),
    )
  },

  async list({ config }) {
    const { pool, machine } = await connect(config.hostname, readOptions(config))
    return listReport((await releasesOf(machine, pool)).sort((a, b) => b.number - a.number))
  },

  async status({ config }) {
    const options = readOptions(config)
    const { machine } = await connect(config.hostname, options)
    const definition = await machine.definition()
    if (definition === undefined) return noMachine('no machine is deployed')
    const about = aboutOf(definition)
    const { off, running, text: state } = await machine.state()
    if (!running) {
      const text = off ? `${machine.name} is off` : `${machine.name} stalled (state: ${state})`
      return noMachine(text, { state })
    }
    const report = lastReport(await machine.console(), about ?? {})
    const healthy = report?.healthy === true
    const health =
      report === undefined ? 'not healthy yet' : `${healthy ? 'healthy' : 'unhealthy'} since ${report.time}`
    const trial = about?.trial === true ? '; its deploy was interrupted' : ''
    return {
      text: [
        `${machine.name} is running on ${options.uri}: ${health}, according to its console${trial}`,
        `  release  ${about?.number ?? 'unknown'}: ${about?.app ?? ''} ${about?.commit ?? ''}, deployed ${about?.deployed ?? ''}`,
      ].join('\n'),
      data: { running, healthy, since: report?.time, name: machine.name, uri: options.uri, ...about },
    }
  },

  async logs({ config, signal, print }, follow) {
    const { machine } = await connect(config.hostname, readOptions(config))
    for (let printed = 0; ; await new Promise((resolve) => setTimeout(resolve, followMs))) {
      const off = await machine.isOff()
      const console = await machine.console()
      // Each start empties it.
      if (console.length < printed) printed = 0
      print(console.slice(printed))
      printed = console.length
      if (!follow || off || signal.aborted) return
    }
  },

  async stop({ config }) {
    const options = readOptions(config)
    const { pool, machine } = await connect(config.hostname, options)
    return exclusively(machine, pool, options, async () => {
      if (await machine.isOff()) return { text: 'no machine is running', data: { stopped: false } }
      const ending = await machine.stop(config.restart.drainTimeout)
      return { text: `${machine.name}: ${ending}`, data: { stopped: true, ending } }
    })
  },

  async rollback(context, number, { data = false } = {}) {
    const { config } = context
    const options = readOptions(config)
    const { pool, machine } = await connect(config.hostname, options)
    return exclusively(machine, pool, options, async () => {
      const before = await ours(machine)
      const previous = await previousOf(machine, pool, before)
      if (previous === undefined || (number !== undefined && number !== previous.about.number)) {
        const wanted = number === undefined ? 'no previous release' : `no release ${number} to roll back to`
        throw new UserError(`${machine.name} has ${wanted}`, {
          hint: `available releases: ${previous?.about.number ?? 'none'}   (npm run deploy:list)`,
        })
      }
      const { about } = previous
      const disk = new DataVolume(pool, machine.name)
      if (data) await requireSnapshot(disk, about.number)
      await replaceDomain(
        machine,
        pool,
        {
          next: previous,
          before,
          system: config,
          autostart: options.autostart,
          disk,
          data: config.data,
          ...(data ? { restore: about.number } : {}),
        },
        context,
      )
      return { text: `${machine.name} runs release ${about.number} again`, data: { ...about } }
    })
  },

  async destroy({ config }, { data = false } = {}) {
    const options = readOptions(config)
    const { virsh, pool, machine } = await connect(config.hostname, options)
    const disk = new DataVolume(pool, machine.name)
    return exclusively(machine, pool, options, async () => {
      const destroyed = (await ours(machine)) !== undefined
      if (destroyed) {
        if (!(await machine.isOff())) await machine.stop(config.restart.drainTimeout)
        await machine.undefine()
      }
      for (const volume of [previousVolume(machine), envVolume(machine), machine.consoleVolume])
        await pool.remove(volume)
      await removeUnused(virsh, pool, machine)
      if (data) await disk.remove()
      if (!destroyed) return { text: 'no machine is deployed', data: { destroyed } }
      return {
        text: `removed ${machine.name} and its volumes${await keptData(disk)}`,
        data: { destroyed: true },
      }
    })
  },
}

export default libvirt

interface Connection {
  virsh: Virsh
  pool: Pool
  machine: DomainMachine
}

async function connect(name: string, { uri, pool: poolName }: LibvirtOptions): Promise<Connection> {
  const virsh = virshOn(uri)
  const pool = await Pool.open(virsh, poolName)
  return { virsh, pool, machine: new DomainMachine(name, virsh, pool) }
}

/** Returns the definition that exists. @throws {UserError} if NodeOS does not manage the domain */
async function ours(machine: DomainMachine): Promise<Defined | undefined> {
  const xml = await machine.definition()
  const defined = definedIn(xml)
  if (xml === undefined || defined !== undefined) return defined
  throw new UserError(`the domain '${machine.name}' exists and is not managed by NodeOS`, {
    hint: 'the domain is named after hostname in config/system.json: choose another one, then npm run build',
  })
}

interface Prepared {
  next: Defined
  /** The definition that exists. */
  before: Defined | undefined
  /** Files that the pool lacks. */
  missing: Upload[]
}

/** Describes the next release, without a change to the hypervisor. */
async function prepare(
  release: Release,
  options: LibvirtOptions,
  { virsh, pool, machine }: Connection,
  context: Context,
): Promise<Prepared> {
  const before = await ours(machine)
  const type = await domainType(virsh, context)
  const releases = await releasesOf(machine, pool)
  const number = Math.max(0, ...releases.map((each) => each.number)) + 1
  const { xml, about, files } = await describe(release, { options, pool, type, number })
  const kept = await volumesInUse(virsh, pool)
  return { next: { xml, about }, before, missing: files.filter(({ volume }) => !kept.has(volume)) }
}

/** Returns the address of the machine, if libvirt's own DHCP server assigned it. */
async function addressOf(virsh: Virsh, { name }: DomainMachine): Promise<string> {
  const [, address] = /ipv4\s+([\d.]+)\//.exec(await virsh.run('domifaddr', name).catch(() => '')) ?? []
  return address === undefined ? '' : `, at ${address}`
}

/** Replaces the release that serves by a build. */
async function upload(
  release: Release,
  options: LibvirtOptions,
  connection: Connection,
  context: Context,
): Promise<Report> {
  const { system } = release.manifest
  const { virsh, pool, machine } = connection
  const { next, before, missing } = await prepare(release, options, connection, context)
  for (const { file, volume, what } of missing) {
    const line = progress(`Uploading ${what} to ${options.uri}`)
    await pool.upload(file, volume)
    line.done(volume)
  }
  const disk = new DataVolume(pool, machine.name)
  const { autostart } = options
  const { data } = system
  const seconds = await replaceDomain(machine, pool, { next, before, system, autostart, disk, data }, context)
  await removeUnused(virsh, pool, machine)
  return {
    text: `${machine.name} runs release ${next.about.number} on ${options.uri}, healthy after ${seconds.toFixed(1)} s${await addressOf(virsh, machine)}`,
    data: { seconds, name: machine.name, uri: options.uri, ...next.about },
  }
}
