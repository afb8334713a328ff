import { UserError } from '../../../build/lib/errors.ts'
import { log, progress } from '../../../build/lib/log.ts'
import { requireSnapshot } from '../../data/handover.ts'
import { listReport } from '../../releases.ts'
import type { Context, Target } from '../../target.ts'
import { shellLine } from '../local/qemu.ts'
import { DataVolume } from './data.ts'
import { describe } from './describe.ts'
import { aboutOf } from './domain.ts'
import { DomainMachine } from './machine.ts'
import { type LibvirtOptions, readOptions, schema } from './options.ts'
import { Pool } from './pool.ts'
import { swap } from './swap.ts'
import { type Virsh, virshOn } from './virsh.ts'
import { envVolume, previousVolume, releasesOf, removeUnused, volumesInUse } from './volumes.ts'

const notRunning = 3
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

/** Where it is reached, when libvirt's own DHCP server knows. */
async function addressOf(virsh: Virsh, { name }: DomainMachine): Promise<string> {
  const [, address] = /ipv4\s+([\d.]+)\//.exec((await virsh.ask('domifaddr', name)) ?? '') ?? []
  return address === undefined ? '' : `, at ${address}`
}
