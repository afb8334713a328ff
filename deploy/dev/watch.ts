import { existsSync, watch } from 'node:fs'
import { join } from 'node:path'

/** An editor saves in several steps. */
const settleMs = 100

/**
 * Calls back after something changed in the app or its configuration.
 *
 * @param onChange gets a path that changed, relative to the repository
 * @returns what ends it
 */
export function watchApp(
  root: string,
  folders: readonly string[],
  onChange: (path: string) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined
  const watchers = folders
    .filter((folder) => existsSync(join(root, folder)))
    .map((folder) =>
      watch(join(root, folder), { recursive: true }, (_event, name) => {
        if (name === null || /(^|\/)(\.|node_modules)|~$/.test(name)) return
        clearTimeout(timer)
        timer = setTimeout(() => onChange(join(folder, name)), settleMs)
      }),
    )
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}
