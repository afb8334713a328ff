import type { Boot } from '../format.ts'

/** A disk boots by both firmwares from every controller. */
export const diskBoots: readonly Boot[] = (['bios', 'efi'] as const).flatMap((firmware) =>
  (['virtio-blk', 'virtio-scsi', 'nvme', 'ahci'] as const).map((as) => ({ firmware, as })),
)

/** A disk in another container: what is in it was booted everywhere as `raw`. */
export const containerBoots: readonly Boot[] = [
  { firmware: 'bios', as: 'virtio-blk' },
  { firmware: 'efi', as: 'ahci' },
]
