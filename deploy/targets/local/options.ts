import { resolve } from 'node:path'
import { root } from '../../../config/lib/paths.ts'
import { checkEnvironment } from '../../environment.ts'

/** `deploy.options` of the target `local`. */
export interface LocalOptions {
  accelerator: 'auto' | 'kvm' | 'tcg'
  bind: string
  env?: string
  hostname?: string
  data?: string
}

export const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    accelerator: {
      type: 'string',
      enum: ['auto', 'kvm', 'tcg'],
      default: 'auto',
      description:
        'How the guest runs: kvm, tcg (emulation), or auto: KVM where it works. NODEOS_ACCEL overrides this.',
    },
    bind: {
      type: 'string',
      anyOf: [{ format: 'ipv4' }],
      default: '127.0.0.1',
      description: 'Host address on which the published ports listen; 0.0.0.0 opens them to the network.',
    },
    env: {
      type: 'string',
      description:
        'File of KEY=value lines, such as secrets, that this machine gets as environment variables. It never enters the image.',
    },
    hostname: {
      type: 'string',
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      description: 'Host name of this machine; it overrides the hostname of the image.',
    },
    data: {
      type: 'string',
      description:
        'Path of the data disk (qcow2). Default: a file in $XDG_STATE_HOME/nodeos (~/.local/state/nodeos).',
    },
  },
} as const

/** Fills in defaults and finds the files that options name, relative to the repository. */
export async function readOptions(options: object): Promise<LocalOptions> {
  const given = options as Partial<LocalOptions>
  const all: LocalOptions = { accelerator: 'auto', bind: '127.0.0.1', ...given }
  if (all.data !== undefined) all.data = resolve(root, all.data)
  if (all.env !== undefined) all.env = await checkEnvironment('deploy.options.env', resolve(root, all.env))
  return all
}
