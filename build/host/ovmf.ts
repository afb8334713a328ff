import { existsSync } from 'node:fs'

/** Where distributions put the EFI firmware for QEMU: Debian and Ubuntu, Fedora, Arch, Alpine, openSUSE. */
const places = [
  '/usr/share/OVMF/OVMF_CODE.fd',
  '/usr/share/OVMF/OVMF_CODE_4M.fd',
  '/usr/share/edk2/ovmf/OVMF_CODE.fd',
  '/usr/share/edk2/x64/OVMF_CODE.4m.fd',
  '/usr/share/ovmf/bios.bin',
  '/usr/share/qemu/ovmf-x86_64-code.bin',
] as const

/** Path of QEMU's EFI firmware, or undefined. */
export function findOvmf(): string | undefined {
  return places.find((path) => existsSync(path))
}
