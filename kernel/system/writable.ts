import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { GuestConfig } from '../contract/guest-config.ts'
import { writableFolder } from '../contract/paths.ts'

/**
 * Creates the folders that the app may write to. A new folder starts with the content of the image; one on the data
 * disk keeps the content of the previous release.
 *
 * @param prefilled folder with the content of the image
 * @param root root of the machine's paths
 */
export function provideWritable(
  writable: GuestConfig['app']['writable'],
  prefilled: string,
  root = '/',
): void {
  for (const [folder, place] of Object.entries(writable)) {
    const target = join(root, writableFolder(folder, place))
    if (existsSync(target)) continue
    const source = join(prefilled, folder)
    if (!existsSync(source)) {
      mkdirSync(target, { recursive: true })
      continue
    }
    // Renamed at the end, because the power may fail meanwhile.
    const unfinished = `${target}.unfinished`
    rmSync(unfinished, { recursive: true, force: true })
    mkdirSync(dirname(target), { recursive: true })
    cpSync(source, unfinished, { recursive: true })
    renameSync(unfinished, target)
  }
}
