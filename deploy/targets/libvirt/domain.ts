import { createHash } from 'node:crypto'
import type { SystemConfig } from '../../../config/system.types.ts'
import { kernelCommandLine, type PortForward, userNetwork } from '../../qemu/command.ts'
import { escapeXml, unescapeXml } from './xml.ts'

/** A machine as libvirt is told of it. */
export interface DomainSpec {
  name: string
  /** KVM, or emulation. */
  type: 'kvm' | 'qemu'
  /** Paths on the hypervisor. */
  kernel: string
  runtime: string
  app: string
  /** The disk that stays. */
  data?: string
  console: string
  env?: string
  system: Pick<SystemConfig, 'machine' | 'network' | 'kernel'>
  /** As in the options: user, network:NAME or bridge:NAME. */
  network: string
  ports: readonly PortForward[]
  about: About
}

/** What a machine says of itself, to virsh and to the next deploy. */
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
  /** Nothing that the machine listens on can be asked whether it is well. */
  unasked?: true
  /** It has not been healthy yet: a deploy that was broken off leaves it so. */
  trial?: true
}

const namespace = 'https://nodeos.dev/libvirt/1'
const releaseElement = /(<nodeos:release[^>]*>)([^<]*)(<\/nodeos:release>)/

/** Under emulation a CPU without fast `rep movsb` is the faster one. */
const cpu = {
  kvm: "<cpu mode='host-passthrough'/>",
  qemu: "<cpu mode='maximum'><feature policy='disable' name='erms'/></cpu>",
} as const

/** The definition of a domain. */
export function domainXml(spec: DomainSpec): string {
  const { name, type, system, about } = spec
  const { memory, cpus } = system.machine
  return `<domain type='${type}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>${escapeXml(name)}</name>
  <uuid>${uuidOf(name)}</uuid>
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

/** The same for the same name: a new definition takes the place of the one before. */
function uuidOf(name: string): string {
  const hex = createHash('sha256').update(`nodeos ${name}`).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

/** What a domain's definition says about its release; undefined when it is not one of ours. */
export function aboutOf(xml: string): About | undefined {
  const [, , text] = releaseElement.exec(xml) ?? []
  return text === undefined ? undefined : (JSON.parse(unescapeXml(text)) as About)
}

/** A definition that says something else about its release. */
export function withAbout(xml: string, about: About): string {
  const text = escapeXml(JSON.stringify(about))
  return xml.replace(releaseElement, (_all, start: string, _old, end: string) => start + text + end)
}

function firmware(env: string): string {
  return `<sysinfo type='fwcfg'><entry name='opt/nodeos/env' file='${escapeXml(env)}'/></sysinfo>`
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

/** libvirt gives its own devices the first slots of the bus. */
const freeSlot = '0x1e'

/** libvirt has no words for the ports of user-mode networking. */
function commandLine({ network, system, ports }: DomainSpec): string {
  if (network !== 'user') return ''
  const args = userNetwork({ network: system.network, ports, bind: '127.0.0.1' })
  const words = args.map((word) => {
    const placed = word.startsWith('virtio-net-pci,') ? `${word},addr=${freeSlot}` : word
    return `<qemu:arg value='${escapeXml(placed)}'/>`
  })
  return `<qemu:commandline>${words.join('')}</qemu:commandline>`
}
