import type { SystemConfig } from '../../config/system.types.ts'

/** The kernel command line of an image, in which its layers are found as `where` says. */
export function imageCommandLine({ kernel }: Pick<SystemConfig, 'kernel'>, where: string): string {
  return `${where} console=ttyS0 quiet panic=1 no_timer_check ${kernel.cmdline}`.trim()
}

/** Layers in an initramfs or on a CD: preinit makes loop devices of them. */
export const looped = 'rdinit=/init nodeos.app=/dev/loop1'
