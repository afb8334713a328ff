import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { judgeKvm, type Kvm, readKvmEvidence } from '../../build/host/kvm.ts'
import { UserError } from '../../config/lib/errors.ts'
import { root } from '../../config/lib/paths.ts'
import { strayLine } from '../../kernel/contract/environment.ts'
import type { Accelerator, MachineSpec } from './command.ts'
import { type BootFiles, describeMachine, type MachineOptions } from './description.ts'

/** Options of a machine that runs under QEMU on this host: `deploy.options` of the target `local`. */
export interface QemuOptions {
  accelerator: 'auto' | Accelerator
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

/** Fills in defaults and resolves paths relative to the repository. */
export async function readOptions(options: object): Promise<QemuOptions> {
  const given = options as Partial<QemuOptions>
  const all: QemuOptions = { accelerator: 'auto', bind: '127.0.0.1', ...given }
  if (all.data !== undefined) all.data = resolve(root, all.data)
  if (all.env !== undefined) all.env = await checkEnvironment('deploy.options.env', resolve(root, all.env))
  return all
}

/** Describes a machine of this host, which may fall back to emulation if KVM is only assumed to work. */
export function describeWithOptions(
  files: BootFiles,
  { accelerator: option, bind, env, hostname }: QemuOptions,
  environment: NodeJS.ProcessEnv,
  more: Partial<MachineOptions> = {},
): { spec: MachineSpec; fallback: boolean } {
  const { accelerator, forced } = chooseAccelerator({ environment: environment['NODEOS_ACCEL'], option })
  const instance = {
    ...(env === undefined ? {} : { envFile: env }),
    ...(hostname === undefined ? {} : { hostname }),
    repl: true,
  }
  const spec = describeMachine(files, { accelerator, name: hostname, bind, instance, ...more })
  return { spec, fallback: !forced }
}

/** An accelerator and the reason for it. */
export interface Choice {
  accelerator: Accelerator
  why: string
  /** Whether it was configured: then there is no fallback. */
  forced: boolean
}

/**
 * Chooses the accelerator: as configured by NODEOS_ACCEL or by the target's options, else KVM where there is
 * evidence that it works, else emulation.
 */
export function chooseAccelerator(
  configured: { environment: string | undefined; option?: 'auto' | Accelerator },
  kvm: Kvm = judgeKvm(readKvmEvidence()),
): Choice {
  const wanted = configured.environment || configured.option || 'auto'
  if (wanted === 'kvm' || wanted === 'tcg') return { accelerator: wanted, why: 'as configured', forced: true }
  if (wanted !== 'auto') {
    throw new UserError(`NODEOS_ACCEL: must be kvm, tcg or auto, got '${wanted}'`, {
      hint: 'NODEOS_ACCEL=tcg npm run deploy',
    })
  }
  return { accelerator: kvm.usable ? 'kvm' : 'tcg', why: kvm.why, forced: false }
}

/**
 * Checks a file of variables that a machine is to be given.
 *
 * @param setting that names the file, e.g. `deploy.options.env`
 * @returns the file
 * @throws {UserError} naming the line that the machine would reject, without its content
 */
export async function checkEnvironment(setting: string, file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UserError(`${setting}: cannot read ${file}`, {
      hint: 'create the file with KEY=value lines, or remove the setting; then npm run build',
    })
  })
  const stray = strayLine(text)
  if (stray === undefined) return file
  throw new UserError(`${setting}: ${file}, line ${stray}: must be NAME=value or a comment`, {
    hint: 'quote a value of several lines, such as a key: NAME="first line\nlast line"',
  })
}
