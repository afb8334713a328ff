import type { Boot } from './format.ts'

/** A disk boots by both firmwares from every controller. */
export const diskBoots: readonly Boot[] = (['bios', 'efi'] as const).flatMap((firmware) =>
  (['virtio-blk', 'virtio-scsi', 'nvme', 'ahci'] as const).map((as) => ({ firmware, as })),
)

/** VMware's own controller and network interface; Debian's OVMF has no driver for that disk, VMware's firmware does. */
export const vmwareBoots: readonly Boot[] = [{ firmware: 'bios', as: 'pvscsi' }]
