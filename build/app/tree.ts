import { hash } from 'node:crypto'
import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** A file or link of a layer. */
export type Entry =
  | { kind: 'copy'; source: string; bytes: number; executable: boolean }
  | { kind: 'text'; content: string; executable: boolean }
  /** `target` is relative to the layer's root, or a path of the machine such as `/tmp`. */
  | { kind: 'link'; target: string }

/** A layer before it is written: paths relative to its root, with slashes. */
export type Tree = Map<string, Entry>

/** Hashes names, modes, links and contents, in the order of the names. */
export function digestTree(tree: Tree): string {
  return hash(
    'sha256',
    sorted(tree)
      .map(([path, entry]) => `${describe(entry)} ${path}\n`)
      .join(''),
  )
}

function describe(entry: Entry): string {
  if (entry.kind === 'link') return `link ${JSON.stringify(entry.target)}`
  const content = entry.kind === 'text' ? entry.content : readFileSync(entry.source)
  return `${entry.executable ? 'x' : 'f'} ${hash('sha256', content)}`
}

/** Writes a tree into the folder `into`, and creates it. Modes are 0755 and 0644, whatever the umask. */
export function writeTree(tree: Tree, into: string): void {
  const folders = new Set<string>()
  const makeFolder = (path: string): void => {
    if (folders.has(path)) return
    folders.add(path)
    if (path !== '.') makeFolder(dirname(path))
    mkdirSync(join(into, path), { recursive: true })
    chmodSync(join(into, path), 0o755)
  }
  makeFolder('.')
  for (const [path, entry] of sorted(tree)) {
    makeFolder(dirname(path))
    writeEntry(join(into, path), entry, entry.kind === 'link' ? linkText(path, entry.target) : '')
  }
}

function linkText(path: string, target: string): string {
  return target.startsWith('/') ? target : relative(dirname(path), target)
}

function writeEntry(place: string, entry: Entry, target: string): void {
  if (entry.kind === 'link') {
    symlinkSync(target || '.', place)
    return
  }
  if (entry.kind === 'text') writeFileSync(place, entry.content)
  else copyFileSync(entry.source, place, constants.COPYFILE_FICLONE)
  chmodSync(place, entry.executable ? 0o755 : 0o644)
}

function sorted(tree: Tree): [string, Entry][] {
  return [...tree].sort(([a], [b]) => (a < b ? -1 : 1))
}
