import { UserError } from '../../config/lib/errors.ts'
import type { Artefact } from '../../build/pipeline/artefact.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { artefactPath } from '../../deploy/release/dist.ts'
import type { Release } from '../../deploy/target.ts'
import { kernelCommandLine } from '../../deploy/qemu/command.ts'
import type { Guest } from './guest.ts'

/** Returns an artefact of the manifest, such as `kernel/vmlinux`. */
export function artefact({ dist, manifest }: Release, name: string): Artefact {
  const found = manifest.artefacts.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`missing artefact ${name} in the manifest of ${dist}`)
  return found
}

/** The machine as it is deployed, with another size or kernel when asked for. */
export function releaseGuest(
  release: Release,
  { memory = release.manifest.system.machine.memory, kernel = 'kernel/vmlinux' } = {},
): Guest {
  const { system } = release.manifest
  return {
    kernel: artefactPath(release, kernel),
    append: kernelCommandLine(system.kernel),
    disks: [artefactPath(release, 'runtime'), artefactPath(release, 'app')],
    memory,
    guestPort: healthPort(system),
  }
}

/** Guest port that answers the health check. */
export function healthPort(system: SystemConfig): number {
  const port = system.health.port ?? system.ports.find(({ protocol }) => protocol === 'tcp')?.guest
  if (port === undefined)
    throw new UserError('ports: the benchmark needs a tcp port', {
      hint: 'add one to ports in config/system.json, then build',
    })
  return port
}
