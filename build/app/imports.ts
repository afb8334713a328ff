import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { PackageManifest } from './closure.ts'
import type { Tree } from './tree.ts'

const source = /\.[cm]?[jt]s$/
const specifier = /\bfrom\s*['"](#[^'"]+)['"]|\bimport\s*\(?\s*['"](#[^'"]+)['"]/g

/**
 * The files and folders of the repository that the app's own files import by a name of `imports` in package.json, such as
 * `#nodeos/shared`. What the name stands for under a condition is not followed.
 *
 * @returns paths relative to the repository
 */
export function importedPaths(tree: Tree, { imports = {} }: PackageManifest): string[] {
  const used = new Set<string>()
  for (const [path, entry] of tree) {
    if (entry.kind === 'link' || path.includes('node_modules/') || !source.test(path)) continue
    const code = entry.kind === 'text' ? entry.content : readFileSync(entry.source, 'utf8')
    for (const [, from, direct] of code.matchAll(specifier)) used.add(from ?? direct ?? '')
  }
  const paths: string[] = []
  for (const [name, target] of Object.entries(imports)) {
    if (typeof target !== 'string' || !target.startsWith('./')) continue
    const [prefix = '', pattern] = name.split('*')
    const isUsed = pattern === undefined ? used.has(name) : [...used].some((each) => each.startsWith(prefix))
    if (isUsed) paths.push(pattern === undefined ? target.slice(2) : dirname(target.slice(2)))
  }
  return paths
}
