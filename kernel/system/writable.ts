import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { GuestConfig } from '../contract/guest-config.ts'
import { writableFolder } from '../contract/paths.ts'

/**
 * Provides the folders that the app may write to. A folder that does not exist yet starts with what the image
 * has there; one on the data disk keeps what a previous release wrote.
 *
 * @param prefilled where the image has their contents
 * @param root what the paths of the machine are relative to
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
    // Whole or not at all: the power may fail meanwhile.
    const unfinished = `${target}.unfinished`
    rmSync(unfinished, { recursive: true, force: true })
    mkdirSync(dirname(target), { recursive: true })
    cpSync(source, unfinished, { recursive: true })
    renameSync(unfinished, target)
  }
}
