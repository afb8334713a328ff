import { lstatSync, readdirSync, realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import type { Package } from './closure.ts'
import { addOwn, type Own } from './own.ts'
import { pruner } from './prune.ts'

/** What a layer leaves out of dependencies because it never runs. */
export interface Pruned {
  files: number
  bytes: number
}

/** Never part of a published package that runs: other packages lie there, or what the publisher forgot. */
const skipped = /^(\.git|\.env.*|\.npmrc|\.DS_Store)$/

/** Adds a package's files; those of a workspace as the repository's own, the others less what never runs. */
export function addPackage(own: Own, found: Package, prune: boolean, pruned: Pruned): void {
  if (isWorkspace(found)) {
    addOwn(own, found.folder)
    return
  }
  const folder = join(own.root, found.folder)
  const files = new Map(listFiles(folder, '').map((path) => [path, lstatSync(join(folder, path))]))
  const never = prune ? pruner(found.manifest, new Set(files.keys())) : () => false
  for (const [path, stats] of files) {
    const source = join(folder, path)
    const place = join(found.folder, path)
    if (never(path)) {
      pruned.files += 1
      pruned.bytes += stats.size
    } else if (stats.isSymbolicLink()) {
      own.tree.set(place, { kind: 'link', target: inside(own.root, source, found.name) })
    } else if (stats.isFile()) {
      own.tree.set(place, { kind: 'copy', source, bytes: stats.size, executable: (stats.mode & 0o111) !== 0 })
    }
  }
}

/** Whether a package is part of the repository rather than installed. */
export function isWorkspace({ folder }: Package): boolean {
  return !folder.split('/').includes('node_modules')
}

/** Files and links below a folder. Packages nested in it are packages of their own. */
function listFiles(folder: string, path: string): string[] {
  return readdirSync(join(folder, path), { withFileTypes: true }).flatMap((entry) => {
    if (skipped.test(entry.name) || (path === '' && entry.name === 'node_modules')) return []
    const name = join(path, entry.name)
    return entry.isDirectory() ? listFiles(folder, name) : [name]
  })
}

function inside(root: string, link: string, name: string): string {
  let target: string
  try {
    target = relative(root, realpathSync(link))
  } catch {
    throw new UserError(`the dependency ${name} has a broken link: ${relative(root, link)}`, {
      hint: `rm -rf node_modules/${name} && npm install`,
    })
  }
  if (!target.startsWith('..')) return target
  throw new UserError(`the dependency ${name} has a link to outside the repository: ${relative(root, link)}`)
}
