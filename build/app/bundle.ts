import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import type { Tree } from './tree.ts'

/** What npm, pnpm and Yarn leave in a `node_modules` that they install. */
const installerMarks = ['.package-lock.json', '.modules.yaml', '.yarn-integrity', '.yarn-state.yml']

/** Never part of what runs. */
const skipped = /^(\.git|\.env.*|\.npmrc|\.DS_Store)$/

/**
 * Returns whether a folder brings its own `node_modules` that no package manager installed: Next.js, Nitro and
 * others trace what their server needs and copy just that. Such a bundle is packed as it is. A workspace is not
 * one: its `node_modules` holds only what could not be hoisted.
 *
 * @param folder relative to the repository
 */
export function isTraced(root: string, folder: string): boolean {
  const modules = join(root, folder, 'node_modules')
  if (folder === '' || !existsSync(modules)) return false
  if (installerMarks.some((name) => existsSync(join(modules, name)))) return false
  const own = join(root, 'node_modules')
  return !linksTo(own, (target) => target === join(root, folder)) && !linksTo(modules, isInStore(own))
}

/** Returns whether a `node_modules` has a link to such a folder: npm and Yarn link the root's to workspaces, pnpm links a workspace's to the root's store. */
function linksTo(modules: string, isMeant: (target: string) => boolean): boolean {
  return packageFolders(modules).some(
    (path) => lstatSync(path).isSymbolicLink() && existsSync(path) && isMeant(realpathSync(path)),
  )
}

function isInStore(modules: string): (target: string) => boolean {
  return (target) => target.startsWith(`${join(modules, '.pnpm')}/`)
}

function packageFolders(modules: string): string[] {
  if (!existsSync(modules)) return []
  return readdirSync(modules).flatMap((name) => {
    const path = join(modules, name)
    if (!name.startsWith('@') || !lstatSync(path).isDirectory()) return [path]
    return readdirSync(path).map((inner) => join(path, inner))
  })
}

/**
 * Adds a folder with everything in it, unchanged. Links stay links, even those to files that were not traced.
 *
 * @param path relative to the repository
 * @throws {UserError} for a link that leaves the repository
 */
export function addUnchanged({ root, tree }: { root: string; tree: Tree }, path: string): void {
  for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
    if (skipped.test(entry.name)) continue
    const place = join(path, entry.name)
    const source = join(root, place)
    if (entry.isDirectory()) addUnchanged({ root, tree }, place)
    else if (entry.isSymbolicLink()) tree.set(place, { kind: 'link', target: targetInside(root, place) })
    else if (entry.isFile()) {
      const { size, mode } = lstatSync(source)
      tree.set(place, { kind: 'copy', source, bytes: size, executable: (mode & 0o111) !== 0 })
    }
  }
}

function targetInside(root: string, link: string): string {
  const target = relative(root, resolve(root, dirname(link), readlinkSync(join(root, link))))
  if (!target.startsWith('..')) return target
  throw new UserError(`${link} links to ${target}, outside the repository`, {
    hint: 'replace the link with a copy of its target',
  })
}
