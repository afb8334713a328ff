import { resolve } from 'node:path'
import { log } from '../../../config/lib/log.ts'
import { root } from '../../../config/lib/paths.ts'
import { checkEnvironment } from '../../qemu/environment.ts'
import { artefactPath } from '../../release/dist.ts'
import { healthPort, publishedPorts } from '../../qemu/description.ts'
import type { Context, Release } from '../../target.ts'
import { type About, type Defined, type DomainSpec, domainXml } from './domain.ts'
import type { LibvirtOptions } from './options.ts'
import type { Pool } from './pool.ts'
import type { Virsh } from './virsh.ts'
import { envVolume } from './volumes.ts'

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
