import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Entry, type Tree, writeTree } from '../../build/app/tree.ts'

/** A folder that holds an app as it was last laid there. The folder itself stays: a machine has it mounted. */
export class Share {
  readonly #folder: string
  /** By path, what tells whether it is another one; undefined while nobody knows what is there. */
  #laid: Map<string, string> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Lays an app there. What has not changed is not touched: it takes less time, and an app that runs may read it. */
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
