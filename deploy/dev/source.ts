import { existsSync, readdirSync, rmSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import { type Entry, type Tree, writeTree } from '../../build/app/tree.ts'

/** The folder with the app that a machine has mounted. The folder itself is never replaced. */
export class Share {
  readonly #folder: string
  /** What identifies the version of each path; undefined if the content of the folder is unknown. */
  #laid: Map<string, string> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Writes an app to the folder. Unchanged files are not touched: a running app may read them. */
  lay(tree: Tree): void {
    const laid = this.#laid
    const marks = new Map([...tree].map(([path, entry]) => [path, mark(entry)]))
    const isNew = (path: string): boolean => marks.get(path) !== laid?.get(path)
    const old = laid === undefined ? contents(this.#folder) : [...laid.keys(), ...marks.keys()].filter(isNew)
    this.#laid = undefined
    for (const path of old) rmSync(join(this.#folder, path), { recursive: true, force: true, maxRetries: 3 })
    writeTree(new Map([...tree].filter(([path]) => isNew(path))), this.#folder)
    this.#laid = marks
  }
}

function contents(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

function mark(entry: Entry): string {
  if (entry.kind !== 'copy') return JSON.stringify(entry)
  const { mtimeMs, ctimeMs, size, ino } = statSync(entry.source)
  return JSON.stringify({ ...entry, mtimeMs, ctimeMs, size, ino })
}

/** An editor saves in several steps. */
const settleMs = 100

/**
 * Calls back after a change of the app or its configuration.
 *
 * @param onChange gets a path that changed, relative to the repository
 * @returns stops watching
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
