import { lstatSync, readdirSync, realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import type { Package, PackageManifest } from './closure.ts'
import { addOwn, type Own } from './own.ts'

/** The files of dependencies that are left out because they never run. */
export interface Pruned {
  files: number
  bytes: number
}

/** Never packed: other packages, or files that the publisher forgot. */
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

/** Returns whether a package is part of the repository rather than installed. */
export function isWorkspace({ folder }: Package): boolean {
  return !folder.split('/').includes('node_modules')
}

/** Lists the files and links below a folder, without the packages nested in it. */
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

interface Rule {
  why: string
  /** Path inside the package, with slashes. */
  match: RegExp
  /** A further condition on the package. */
  when?: (path: string, files: ReadonlySet<string>) => boolean
}

/** A name in capitals, as in README, README.md or README.zh-CN.md; never code, as in history.js. */
const prose = '(([.-][\\w-]+)?\\.(md|markdown|mdx|txt|rst|adoc|html))?$'

/** Folders whose files a package serves as they are; socket.io breaks off a request for a map that is missing. */
const servedToBrowsers = /(^|\/)(client(-dist)?|public|static|assets|browser|www)\//

/**
 * What never runs, in packages other than the app itself. Only what is sure: a wrong guess breaks someone's app.
 * Licences stay. `app.prune: false` in config/system.json turns all of it off.
 */
export const rules: readonly Rule[] = [
  {
    why: 'source maps are read by debuggers',
    match: /\.(js|cjs|mjs|css|ts|cts|mts)\.map$/,
    when: (path) => !servedToBrowsers.test(path),
  },
  { why: 'type declarations are read by compilers', match: /\.d\.(ts|cts|mts)$/ },
  { why: 'Flow types are read by compilers', match: /\.js\.flow$/ },
  { why: 'what a compiler remembers of its last run', match: /\.tsbuildinfo$/ },
  {
    why: 'Node refuses TypeScript under node_modules: the JavaScript beside it runs',
    match: /\.[cm]?ts$/,
    when: (path, files) => files.has(path.replace(/ts$/, 'js')),
  },
  {
    why: 'documentation is read by people',
    match: new RegExp(
      `^(readme|changelog|history|changes|releases?|contributing|contributors|authors|security|support|upgrading|migration|migrating|code[_-]of[_-]conduct|governance|maintainers|funding|backers|todo)${prose}`,
      'i',
    ),
  },
  {
    why: 'documentation is read by people',
    match: /^docs?\/.*\.(md|markdown|mdx|rst|html|png|jpe?g|gif|svg)$/i,
  },
  { why: 'examples are read by people', match: /^examples?\// },
  { why: 'tests run before a release', match: /^(tests?|__tests__|benchmarks?|bench|coverage)\// },
  { why: 'tests run before a release', match: /(^|\/)[^/]+\.(test|spec)\.[cm]?[jt]s$/ },
  {
    why: 'settings of editors, linters and services',
    match: /^\.(github|gitlab|vscode|idea|circleci|husky|changeset|yarn)\//,
  },
  {
    why: 'settings of editors, linters and services',
    match:
      /^(\.(editorconfig|npmignore|gitattributes|gitignore|gitmodules|mailmap|travis\.yml|appveyor\.yml|gitlab-ci\.yml|nycrc|taprc|jshintrc|jscsrc|nvmrc|node-version|eslintignore|prettierignore|babelrc|swcrc|dockerignore|browserslistrc|flowconfig|coveralls\.yml|codecov\.yml|airtap\.yml|zuul\.yml)|\.(nycrc|eslintrc|prettierrc|c8rc|mocharc|releaserc|lintstagedrc|babelrc|markdownlint|jshintrc)\.(json|ya?ml|[cm]?js)|\.(eslintrc|prettierrc|mocharc|releaserc|c8rc)|tsconfig[\w.-]*\.json|tslint\.json|biome\.jsonc?|(eslint|prettier|jest|vitest|rollup|webpack|babel|karma|ava|tsup|commitlint)\.config\.[cm]?[jt]s|Makefile|Gruntfile\.js|gulpfile\.js|bower\.json|appveyor\.yml|yarn\.lock|pnpm-lock\.yaml)$/,
  },
  {
    why: 'sources of a native addon, which is built already',
    match:
      /(\.(c|cc|cpp|cxx|h|hh|hpp|inc|S|asm|gyp|gypi|o|a|mk)|(^|\/)(Makefile|CMakeLists\.txt|configure))$/,
    when: (_path, files) => files.has('binding.gyp'),
  },
  {
    why: 'leavings of a native build',
    match: /^build\/(config\.gypi|(Release|Debug)\/(\.deps|obj\.target|obj)\/.*|.*\.target\.mk)$/,
  },
  { why: 'programs and libraries of other systems', match: /\.(dll|dylib|exe|pdb|lib)$/i },
]

/** They read at run time what others only read at build time: declarations, settings. */
const readsEverything = /^(typescript|@typescript\/.*|@tsconfig\/.*|@types\/.*)$/

/**
 * Tells which files of a dependency never run. What package.json names is kept, whatever it is called.
 *
 * @param files all files of the package; paths inside the package, with slashes
 */
export function pruner(manifest: PackageManifest, files: ReadonlySet<string>): (path: string) => boolean {
  if (readsEverything.test(manifest.name ?? '')) return () => false
  const named = namedFiles(manifest)
  const namedFolders = new Set(named.map((path) => path.split('/')[0]))
  return (path) => {
    if (!rules.some(({ match, when }) => match.test(path) && when?.(path, files) !== false)) return false
    const isNamed = named.includes(path) || named.includes(path.replace(/\.[^./]+$/, ''))
    return !isNamed && !(path.includes('/') && isExtra(path) && namedFolders.has(path.split('/')[0]))
  }
}

/** Returns whether a file is pruned for the folder that it lies in: not when package.json names something in there. */
function isExtra(path: string): boolean {
  return /^(docs?|examples?|tests?|__tests__|benchmarks?|bench|coverage|\.\w+)\//.test(path)
}

/** Lists the relative paths in main, bin, exports and imports. */
function namedFiles(manifest: object): string[] {
  const { main, module, bin, exports, imports } = manifest as Record<string, unknown>
  const found: string[] = []
  const collect = (value: unknown, key = ''): void => {
    if (key === 'types' || key === 'typings') return
    if (typeof value === 'string') found.push(value.replace(/^\.\//, '').replace(/\/$/, ''))
    else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) collect(inner, name)
    }
  }
  for (const value of [main, module, bin, exports, imports]) collect(value)
  return found
}
