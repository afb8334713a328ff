import { resolve } from 'node:path'
import { root } from '../../../config/lib/paths.ts'
import type { SystemConfig } from '../../../config/system.types.ts'
import { checkEnvironment } from '../../qemu/environment.ts'
import { artefactPath } from '../../release/dist.ts'
import type { Release } from '../../target.ts'
import { type About, domainXml } from './domain.ts'
import type { LibvirtOptions } from './options.ts'
import type { Pool } from './pool.ts'
import { envVolume } from './volumes.ts'

export interface Upload {
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

/**
 * The domain of a release, and the files that it is made of.
 *
 * @throws {UserError} when the file of the environment is none
 */
export async function describe(
  release: Release,
  { options, pool, type, number }: Described,
): Promise<{ xml: string; about: About; files: Upload[] }> {
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
    ...(isUnasked(system) ? { unasked: true } : {}),
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
  return { xml, about, files: [kernel, runtime, app, ...(env === undefined ? [] : [env])] }
}

async function envUpload(name: string, machine: { name: string }): Promise<Upload> {
  const file = await checkEnvironment('deploy.options.env', resolve(root, name))
  return { what: 'the environment', file, volume: envVolume(machine) }
}

/** Whether the machine has no port that its system layer asks. */
function isUnasked({ health, ports }: SystemConfig): boolean {
  return health.port === undefined && !ports.some(({ protocol }) => protocol === 'tcp')
}
