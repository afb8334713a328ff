import { existsSync } from 'node:fs'
import { UserError } from '../../config/lib/errors.ts'

/** Loaders that distributions keep in folders of their own: Debian and Ubuntu, Fedora, Arch, Alpine, openSUSE. */
const places = {
  'gptmbr.bin': ['/usr/lib/syslinux/mbr', '/usr/share/syslinux', '/usr/lib/syslinux/bios'],
  'isolinux.bin': ['/usr/lib/ISOLINUX', '/usr/share/syslinux', '/usr/lib/syslinux/bios'],
  'isohdpfx.bin': ['/usr/lib/ISOLINUX', '/usr/share/syslinux', '/usr/lib/syslinux/bios'],
  'ldlinux.c32': ['/usr/lib/syslinux/modules/bios', '/usr/share/syslinux', '/usr/lib/syslinux/bios'],
  'systemd-bootx64.efi': ['/usr/lib/systemd/boot/efi'],
  'linuxx64.efi.stub': ['/usr/lib/systemd/boot/efi'],
} as const

export type LoaderFile = keyof typeof places

/** Returns the path of a loader, or undefined. */
export function findLoader(name: LoaderFile): string | undefined {
  return places[name].map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
}

/** Returns the path of a loader. @throws {UserError} when the host does not have it */
export function loaderFile(name: LoaderFile): string {
  const found = findLoader(name)
  if (found !== undefined) return found
  throw new UserError(`could not find '${name}', which is needed to make an image bootable`, {
    hint: `searched: ${places[name].join(', ')}\nnpm run doctor   shows how to install it`,
  })
}

/** Where distributions put the EFI firmware for QEMU: Debian and Ubuntu, Fedora, Arch, Alpine, openSUSE. */
const firmwares = [
  '/usr/share/OVMF/OVMF_CODE.fd',
  '/usr/share/OVMF/OVMF_CODE_4M.fd',
  '/usr/share/edk2/ovmf/OVMF_CODE.fd',
  '/usr/share/edk2/x64/OVMF_CODE.4m.fd',
  '/usr/share/ovmf/bios.bin',
  '/usr/share/qemu/ovmf-x86_64-code.bin',
] as const

/** Returns the path of QEMU's EFI firmware, or undefined. */
export function findOvmf(): string | undefined {
  return firmwares.find((path) => existsSync(path))
}
