import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Artefact } from '../../build/pipeline/record.ts'
import { UserError } from '../../config/lib/errors.ts'
import { dist } from '../../config/lib/paths.ts'
import { runSync } from '../../config/lib/run.ts'
import { type PortForward, qemuCommand } from '../../deploy/qemu/command.ts'
import { describeMachine } from '../../deploy/qemu/description.ts'
import { healthPort } from '../../kernel/contract/guest-config.ts'
import { bootFiles } from '../../deploy/release/dist.ts'
import type { Release } from '../../deploy/target.ts'

/** What to boot; paths of raw disks in the order vda, vdb, … */
export interface Guest {
  kernel: string
  append: string
  disks: readonly string[]
  /** MiB. */
  memory?: number
  cpus?: number
  /** Port that the app listens on in the guest. */
  guestPort?: number
  /** Further ports of the guest that lead out of it. */
  forwards?: PortForward[]
  /** More arguments for QEMU. */
  extra?: string[]
}

/** The command that a deploy runs, with the console on stdout; `hostPort` of 127.0.0.1 leads to the app. */
export function guestCommand(guest: Guest, hostPort?: number): [string, ...string[]] {
  const { kernel, append, disks, memory = 256, cpus = 1, guestPort = 8080 } = guest
  const { forwards = [], extra = [] } = guest
  const port = hostPort === undefined ? [] : [{ host: hostPort, guest: guestPort, protocol: 'tcp' as const }]
  const command = qemuCommand(
    {
      ...{ name: 'bench', kernel, append, disks, memory, cpus },
      ...{ ports: [...port, ...forwards], bind: '127.0.0.1', instance: {}, accelerator: 'tcg' },
      network: { mode: hostPort === undefined ? 'none' : 'dhcp', ipv6: 'auto' },
    },
    {},
  )
  return [...command, '-no-reboot', ...extra]
}

/** The machine as it is deployed, with another size on request. */
export function releaseGuest(release: Release, { memory }: { memory?: number } = {}): Guest {
  const { system } = release.manifest
  const guestPort = healthPort(system)
  if (guestPort === undefined)
    throw new UserError('ports: the benchmark needs a tcp port', {
      hint: 'add one to ports in config/system.json, then build',
    })
  const { kernel, append, disks, ...spec } = describeMachine(bootFiles(release), { accelerator: 'tcg' })
  return { kernel, append, disks, memory: memory ?? spec.memory, guestPort }
}

/** Returns an artefact of the manifest, such as `kernel/vmlinux`. */
export function artefact({ dist, manifest }: Release, name: string): Artefact {
  const found = manifest.artefacts.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`missing artefact ${name} in the manifest of ${dist}`)
  return found
}

const source = join(import.meta.dirname, 'fixtures', 'off-init.c')
const purpose = 'create the image that measures the kernel alone'

/** A root file system whose init powers the machine off at once, built on first use; returns its path. */
export function offImage(output: string = join(dist, 'bench', 'off.erofs')): string {
  if (existsSync(output)) return output
  mkdirSync(dirname(output), { recursive: true })
  const work = mkdtempSync(`${output}.`)
  try {
    const rootfs = join(work, 'root')
    for (const folder of ['dev', 'proc', 'sys', 'tmp', 'run'])
      mkdirSync(join(rootfs, folder), { recursive: true })
    runSync(['musl-gcc', '-static', '-Os', '-s', '-o', join(rootfs, 'init'), source], { purpose })
    runSync(['mkfs.erofs', '-T0', '--all-root', '--quiet', join(work, 'image'), rootfs], { purpose })
    renameSync(join(work, 'image'), output)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return output
}
