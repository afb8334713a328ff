import { spawn } from 'node:child_process'
import type { Boot } from '../../build/image/format.ts'
import { findOvmf } from '../../build/host/loaders.ts'
import { board } from '../../deploy/qemu/command.ts'
import { limit, untilFound } from './until.ts'
import { freePort } from './ports.ts'

/** Files of an image, as the machine that boots it needs them. */
export interface ImageFiles {
  /** The disk or CD, the initramfs, the EFI file alone in a folder's EFI/BOOT, or the folder that TFTP serves. */
  image: string
  /** QEMU's name of the disk format. */
  driver: string
  kernel: string
  append: string
  /** Guest port, and path with a 200 response. */
  port: number
  path: string
}

/** Boots an image and resolves with the status of its first HTTP response; rejects with its console. */
export async function bootImage(boot: Boot, files: ImageFiles): Promise<number> {
  const port = await freePort()
  const command = ['qemu-system-x86_64', ...imageCommand(boot, files, port)]
  return runImage(command, `http://127.0.0.1:${port}${files.path}`)
}

/** Runs a command whose machine responds at a URL; resolves and rejects in the same way. */
export async function runImage(
  [program = '', ...argv]: readonly string[],
  url: string,
  cwd?: string,
): Promise<number> {
  const child = spawn(program, argv, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let console = ''
  child.stdout.on('data', (data: Buffer) => (console += data.toString()))
  child.stderr.on('data', (data: Buffer) => (console += data.toString()))
  try {
    return await untilFound(`${url} responds`, async () => {
      if (child.exitCode !== null) throw new Error(`QEMU ended with ${child.exitCode}`)
      // A connection that is tried before the machine listens hangs in QEMU's network for many seconds.
      return console.includes('"event":"health.ok"') ? ask(url) : undefined
    })
  } catch (error) {
    throw new Error(`${String(error)}; the console:\n${console.slice(-4000)}`, { cause: error })
  } finally {
    child.kill('SIGKILL')
  }
}

async function ask(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, { signal: limit() })
    await response.arrayBuffer()
    return response.status
  } catch {
    return undefined
  }
}

function imageCommand({ firmware, as }: Boot, files: ImageFiles, port: number): string[] {
  const { image, driver, kernel, append } = files
  const drive = `if=none,id=image,format=${driver},readonly=on,file=${image}`
  const attached: Record<Boot['as'], string[]> = {
    'virtio-blk': ['-drive', drive, '-device', 'virtio-blk-pci,drive=image,bootindex=0'],
    'virtio-scsi': [
      ...['-drive', drive, '-device', 'virtio-scsi-pci,id=scsi'],
      ...['-device', 'scsi-hd,bus=scsi.0,drive=image,bootindex=0'],
    ],
    pvscsi: [
      ...['-drive', drive, '-device', 'pvscsi,id=scsi'],
      ...['-device', 'scsi-hd,bus=scsi.0,drive=image,bootindex=0'],
    ],
    nvme: ['-drive', drive, '-device', 'nvme,serial=image,drive=image,bootindex=0'],
    // A disk of IDE must be writable; nothing is written to the image itself.
    ahci: [
      ...['-drive', drive.replace('readonly=on', 'snapshot=on')],
      ...['-device', 'ahci,id=ahci', '-device', 'ide-hd,bus=ahci.0,drive=image,bootindex=0'],
    ],
    cd: [
      ...['-drive', `${drive},media=cdrom`],
      ...['-device', 'ahci,id=ahci', '-device', 'ide-cd,bus=ahci.0,drive=image,bootindex=0'],
    ],
    usb: ['-drive', drive, '-device', 'qemu-xhci', '-device', 'usb-storage,drive=image,bootindex=0'],
    kernel: ['-kernel', kernel, '-initrd', image, '-append', append],
    ipxe: [],
    'efi-file': [
      ...['-drive', `if=none,id=image,format=raw,readonly=on,file=fat:16:${image}`],
      ...['-device', 'virtio-blk-pci,drive=image,bootindex=0'],
    ],
  }
  const network = as === 'pvscsi' ? 'vmxnet3' : 'virtio-net-pci'
  const served = as === 'ipxe' ? `,tftp=${image},bootfile=nodeos.ipxe` : ''
  // Its ROM is iPXE.
  const rom = as === 'ipxe' ? ',bootindex=0' : ',romfile='
  return [
    ...board({ accelerator: 'tcg', memory: 512, cpus: 1 }),
    ...['-serial', 'stdio'],
    ...(firmware === 'efi' ? ['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${ovmf()}`] : []),
    ...attached[as],
    ...['-netdev', `user,id=net0,hostfwd=tcp:127.0.0.1:${port}-:${files.port}${served}`],
    ...['-device', `${network},netdev=net0${rom}`, '-device', 'virtio-rng-pci'],
  ]
}

function ovmf(): string {
  const found = findOvmf()
  if (found === undefined) throw new Error('OVMF is missing: npm run doctor')
  return found
}
