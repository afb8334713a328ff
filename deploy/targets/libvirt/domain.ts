import { resolve } from 'node:path'
import { hashText } from '../../../config/lib/hash.ts'
import { log } from '../../../config/lib/log.ts'
import { root } from '../../../config/lib/paths.ts'
import type { SystemConfig } from '../../../config/system.types.ts'
import { firmwarePrefix } from '../../../kernel/contract/paths.ts'
import { kernelCommandLine, type PortForward, userNetwork } from '../../qemu/command.ts'
import { healthPort } from '../../../kernel/contract/guest-config.ts'
import { publishedPorts } from '../../qemu/description.ts'
import { checkEnvironment } from '../../qemu/options.ts'
import { artefactPath } from '../../release/dist.ts'
import type { Context, Release } from '../../target.ts'
import type { LibvirtOptions } from './options.ts'
import { escapeXml, type Pool, unescapeXml, type Virsh } from './virsh.ts'

/** The description of a domain. */
export interface DomainSpec {
  name: string
  /** KVM, or emulation. */
  type: 'kvm' | 'qemu'
  /** Paths on the hypervisor. */
  kernel: string
  runtime: string
  app: string
  /** The data disk. */
  data?: string
  console: string
  env?: string
  system: Pick<SystemConfig, 'machine' | 'network' | 'kernel'>
  /** As in the options: user, network:NAME or bridge:NAME. */
  network: string
  ports: readonly PortForward[]
  about: About
}

/** The release of a machine, as its metadata describes it to virsh and to the next deploy. */
export interface About {
  /** Counts from 1. */
  number: number
  app: string
  commit?: string
  dirty?: boolean
  /** When it was deployed, ISO 8601. */
  deployed: string
  /** Names of its volumes. */
  volumes: string[]
  drainTimeout: number
  /** The machine has no port for a health check. */
  unasked?: true
  /** It has not been healthy yet. A deploy that is interrupted leaves it so. */
  trial?: true
}

const namespace = 'https://nodeos.dev/libvirt/1'
const releaseElement = /(<nodeos:release[^>]*>)([^<]*)(<\/nodeos:release>)/

/** Under emulation, `rep movsb` is slow: a CPU that does not advertise it as fast is faster. */
const cpu = {
  kvm: "<cpu mode='host-passthrough'/>",
  qemu: "<cpu mode='maximum'><feature policy='disable' name='erms'/></cpu>",
} as const

/** A definition, and the release that it describes. */
export interface Defined {
  xml: string
  about: About
}

/** Returns the definition of a domain. */
export function domainXml(spec: DomainSpec): string {
  const { name, type, system, about } = spec
  const { memory, cpus } = system.machine
  return `<domain type='${type}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>${escapeXml(name)}</name>
  <uuid>${domainId(name)}</uuid>
  <metadata>
    <nodeos:release xmlns:nodeos='${namespace}'>${escapeXml(JSON.stringify(about))}</nodeos:release>
  </metadata>
  <memory unit='MiB'>${memory}</memory>
  <vcpu>${cpus}</vcpu>
  ${spec.env === undefined ? '' : firmware(spec.env)}
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${escapeXml(spec.kernel)}</kernel>
    <cmdline>${escapeXml(kernelCommandLine(system.kernel))}</cmdline>
  </os>
  <features><acpi/></features>
  ${cpu[type]}
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>restart</on_crash>
  <devices>
    ${[spec.runtime, spec.app].map(disk).join('\n    ')}
    ${spec.data === undefined ? '' : dataDisk(spec.data)}
    <controller type='usb' model='none'/>
    <serial type='file'><source path='${escapeXml(spec.console)}'/></serial>
    <memballoon model='none'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    ${networkInterface(spec)}
  </devices>
  ${commandLine(spec)}
</domain>
`
}

/**
 * Returns the same id for the same name, so that a new definition replaces the previous one. It is not `uuidOf` of
 * config/lib: domains that exist keep the ids that they have.
 */
function domainId(name: string): string {
  const hex = hashText(`nodeos ${name}`)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

/** Reads the release from a definition; undefined if NodeOS does not manage the domain. */
export function aboutOf(xml: string): About | undefined {
  const [, , text] = releaseElement.exec(xml) ?? []
  return text === undefined ? undefined : (JSON.parse(unescapeXml(text)) as About)
}

/** Returns a definition with its release; undefined if it does not exist, or NodeOS does not manage it. */
export function definedIn(xml: string | undefined): Defined | undefined {
  const about = xml === undefined ? undefined : aboutOf(xml)
  return xml === undefined || about === undefined ? undefined : { xml, about }
}

/** Returns a definition with another description of its release. */
export function withAbout(xml: string, about: About): string {
  const text = escapeXml(JSON.stringify(about))
  return xml.replace(releaseElement, (_all, start: string, _old, end: string) => start + text + end)
}

function firmware(env: string): string {
  return `<sysinfo type='fwcfg'><entry name='${firmwarePrefix}/env' file='${escapeXml(env)}'/></sysinfo>`
}

function disk(path: string, index: number): string {
  const name = `vd${'ab'[index]}`
  return `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${escapeXml(path)}'/><target dev='${name}' bus='virtio'/><readonly/></disk>`
}

function dataDisk(path: string): string {
  return `<disk type='file' device='disk'><driver name='qemu' type='raw' discard='unmap'/><source file='${escapeXml(path)}'/><target dev='vdc' bus='virtio'/></disk>`
}

function networkInterface({ network, system }: DomainSpec): string {
  if (system.network.mode === 'none' || network === 'user') return ''
  const [kind = '', name = ''] = network.split(':')
  return `<interface type='${kind}'><source ${kind}='${escapeXml(name)}'/><model type='virtio'/></interface>`
}

/** libvirt assigns the first slots of the bus to its own devices. */
const freeSlot = '0x1e'

/** The XML of libvirt cannot describe ports of user-mode networking. */
function commandLine({ network, system, ports }: DomainSpec): string {
  if (network !== 'user') return ''
  const args = userNetwork({ network: system.network, ports, bind: '127.0.0.1' })
  const words = args.map((word) => {
    const placed = word.startsWith('virtio-net-pci,') ? `${word},addr=${freeSlot}` : word
    return `<qemu:arg value='${escapeXml(placed)}'/>`
  })
  return `<qemu:commandline>${words.join('')}</qemu:commandline>`
}

export function previousVolume({ name }: { name: string }): string {
  return `${name}.previous`
}

export function envVolume({ name }: { name: string }): string {
  return `${name}.env`
}

export interface Upload {
  what: string
  file: string
  volume: string
}

interface Described {
  options: LibvirtOptions
  pool: Pick<Pool, 'pathOf'>
  type: DomainSpec['type']
  number: number
}

/**
 * Describes the domain of a release, and the files that it consists of.
 *
 * @throws {UserError} if the file of the environment is missing or invalid
 */
export async function describe(
  release: Release,
  { options, pool, type, number }: Described,
): Promise<Defined & { files: Upload[] }> {
  const { manifest } = release
  const { system } = manifest
  const layer = (name: string): Upload => {
    const sha256 = manifest.artefacts.find((artefact) => artefact.name === name)?.sha256 ?? ''
    const volume = `nodeos-${name.replace(/^.*\//, '')}-${sha256.slice(0, 16)}`
    return { what: name, file: artefactPath(release, name), volume }
  }
  const [kernel, runtime, app] = [layer('kernel/vmlinux'), layer('runtime'), layer('app')]
  const machine = { name: system.hostname }
  const env = options.env === undefined ? undefined : await envUpload(options.env, machine)
  const about: About = {
    number,
    app: manifest.app,
    ...manifest.source,
    deployed: new Date().toISOString(),
    volumes: [kernel, runtime, app].map(({ volume }) => volume),
    drainTimeout: system.restart.drainTimeout,
    ...(healthPort(system) === undefined ? { unasked: true } : {}),
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
    ports: publishedPorts(system),
    about,
  })
  return { xml, about, files: [kernel, runtime, app, ...(env === undefined ? [] : [env])] }
}

async function envUpload(name: string, machine: { name: string }): Promise<Upload> {
  const file = await checkEnvironment('deploy.options.env', resolve(root, name))
  return { what: 'the environment', file, volume: envVolume(machine) }
}

/** Chooses KVM if the hypervisor has it, else emulation; `NODEOS_ACCEL` overrides. */
export async function domainType(
  virsh: Pick<Virsh, 'run'>,
  { env }: Pick<Context, 'env'>,
): Promise<DomainSpec['type']> {
  const wanted = env['NODEOS_ACCEL']
  if (wanted === 'kvm') return 'kvm'
  if (wanted === 'tcg') return 'qemu'
  try {
    await virsh.run('domcapabilities', '--virttype', 'kvm', '--machine', 'q35')
    return 'kvm'
  } catch {
    log.warn('the hypervisor has no KVM: the machine is emulated, which is about ten times slower')
    return 'qemu'
  }
}
