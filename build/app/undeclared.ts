import { readFileSync } from 'node:fs'
import type { Package, PackageManifest } from './closure.ts'
import type { Tree } from './tree.ts'

const source = /\.[cm]?[jt]s$/
const tests = /(^|\/)(tests?|__tests__)\/|\.(test|spec)\.[cm]?[jt]s$/
const imports = /^(?:import|export)\b[^'"()]*?['"]((?:@[\w.-]+\/)?[\w.-]+)(?:\/[^'"]*)?['"]/gm

/**
 * Packages that the app imports and that are only in `devDependencies`: they are found while developing, and
 * missing in the machine.
 *
 * @returns one sentence each
 */
export function undeclaredImports(tree: Tree, manifest: PackageManifest, packages: Package[]): string[] {
  const packed = new Set(packages.map(({ name }) => name))
  const wanted = new Set(Object.keys(manifest.devDependencies ?? {}).filter((name) => !packed.has(name)))
  const found = new Map<string, string>()
  for (const [path, entry] of tree) {
    if (entry.kind === 'link' || path.includes('node_modules/') || !source.test(path) || tests.test(path))
      continue
    const code = entry.kind === 'text' ? entry.content : readFileSync(entry.source, 'utf8')
    for (const [, name = ''] of code.matchAll(imports)) if (wanted.has(name)) found.set(name, path)
  }
  return [...found].map(
    ([name, path]) =>
      `${path} imports ${name}, a devDependency: it is not packed (npm install --save-prod ${name})`,
  )
}
