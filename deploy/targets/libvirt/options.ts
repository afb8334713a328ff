import type { SystemConfig } from '../../../config/system.types.ts'

/** `deploy.options` of the target `libvirt`. */
export interface LibvirtOptions {
  uri: string
  pool: string
  network: string
  autostart: boolean
  env?: string
}

export const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    uri: {
      type: 'string',
      pattern: '^\\w+(\\+\\w+)?://',
      default: 'qemu:///system',
      description:
        'libvirt connection, as for virsh --connect: qemu:///session, qemu+ssh://user@host/system, …',
    },
    pool: {
      type: 'string',
      pattern: '^[\\w.-]+$',
      default: 'default',
      description: 'Storage pool of type dir, for the layers and the console log.',
    },
    network: {
      type: 'string',
      pattern: '^(user|network:[\\w.-]+|bridge:[\\w.-]+)$',
      default: 'network:default',
      description:
        'network:NAME (a libvirt network), bridge:NAME (a bridge of the host), or user: needs no privileges and publishes the ports on 127.0.0.1 of the host.',
    },
    autostart: {
      type: 'boolean',
      default: true,
      description: 'Start the machine when its host starts.',
    },
    env: {
      type: 'string',
      description:
        'File of KEY=value lines, such as secrets, that this machine gets as environment variables. It never enters the image.',
    },
  },
} as const

/** Fills in defaults. */
export function readOptions({ deploy }: Pick<SystemConfig, 'deploy'>): LibvirtOptions {
  const defaults = { uri: 'qemu:///system', pool: 'default', network: 'network:default', autostart: true }
  return { ...defaults, ...(deploy.options as Partial<LibvirtOptions>) }
}
