import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../build/lib/errors.ts'
import type { Artefact } from '../../build/lib/artefact.ts'
import type { Manifest } from '../../build/manifest.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import type { Guest } from './guest.ts'

/** A finished build: its manifest, and the folder it lies in. */
export interface Release extends Manifest {
  dist: string
}

/** Reads the manifest of a finished build. */
export function readRelease(dist: string): Release {
  const path = join(dist, 'manifest.json')
  try {
    return { ...(JSON.parse(readFileSync(path, 'utf8')) as Manifest), dist }
  } catch (error) {
    throw new UserError(`there is no finished build to measure (${path})`, {
      hint: 'npm run build',
      cause: error,
    })
  }
}

/** Absolute path of one of the build's files, e.g. `kernel/vmlinux`. */
export function artefactPath(release: Release, name: string): string {
  return join(release.dist, artefact(release, name).path)
}

export function artefact(release: Release, name: string): Artefact {
  const found = release.artefacts.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`the manifest in ${release.dist} has no artefact ${name}`)
  return found
}

/** The machine as it is deployed, with another size or kernel when asked for. */
export function releaseGuest(
  release: Release,
  { memory = release.system.machine.memory, cpus = 1, kernel = 'kernel/vmlinux' } = {},
): Guest {
  return {
    kernel: artefactPath(release, kernel),
    append: 'root=/dev/vda ro init=/init console=ttyS0 quiet panic=1 nodeos.app=/dev/vdb',
    disks: [artefactPath(release, 'runtime'), artefactPath(release, 'app')],
    memory,
    cpus,
    guestPort: healthPort(release.system),
  }
}

/** Guest port that answers the health check. */
export function healthPort(system: SystemConfig): number {
  const port = system.health.port ?? system.ports.find(({ protocol }) => protocol === 'tcp')?.guest
  if (port === undefined)
    throw new UserError('the machine has no port to measure', { hint: 'set ports in config/system.json' })
  return port
}
