import type { SystemConfig } from '../../config/system.types.ts'
import { guestPaths, writableFolder } from '../../kernel/contract/paths.ts'
import { UserError } from '../../config/lib/errors.ts'
import type { Tree } from './tree.ts'

const prefilled = guestPaths.prefilled.slice(`${guestPaths.app}/`.length)

/**
 * Makes folders of a layer writable: each becomes a link to a folder of the running machine, and what it has
 * goes where the system layer copies it from at the first start.
 *
 * @throws {UserError} for one that is a file
 */
export function makeWritable(tree: Tree, writable: SystemConfig['app']['writable']): void {
  for (const [folder, place] of Object.entries(writable)) {
    if (tree.has(folder)) {
      throw new UserError(`app.writable: ${folder} is not a folder`, {
        hint: 'name the folder that it lies in',
      })
    }
    const moved = (path: string): string => (path.startsWith(`${folder}/`) ? `${prefilled}/${path}` : path)
    for (const [path, entry] of [...tree]) {
      if (!path.startsWith(`${folder}/`)) continue
      tree.delete(path)
      tree.set(moved(path), entry.kind === 'link' ? { kind: 'link', target: moved(entry.target) } : entry)
    }
    tree.set(folder, { kind: 'link', target: writableFolder(folder, place) })
  }
}
