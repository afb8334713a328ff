import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runSync } from '../../config/lib/run.ts'
import { dist } from '../../config/lib/paths.ts'

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
