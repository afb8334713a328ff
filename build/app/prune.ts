import type { PackageManifest } from './closure.ts'

interface Rule {
  why: string
  /** Path inside the package, with slashes. */
  match: RegExp
}

/** What never runs, in packages other than the app itself. Only what is sure: a wrong guess breaks someone's app. */
export const rules: readonly Rule[] = [
  { why: 'source maps are read by debuggers', match: /\.(js|cjs|mjs|css|ts|cts|mts)\.map$/ },
  { why: 'type declarations are read by compilers', match: /\.d\.(ts|cts|mts)$/ },
  { why: 'flow types are read by compilers', match: /\.js\.flow$/ },
  {
    why: 'documentation is read by people',
    match:
      /^(readme|changelog|history|changes|contributing|authors|security|upgrading|migration|code_of_conduct|governance)(\.[\w.-]+)?$/i,
  },
  { why: 'documentation is read by people', match: /^(docs?|examples?|website)\// },
  { why: 'tests run before a release', match: /^(tests?|__tests__|spec|benchmarks?|coverage)\// },
  {
    why: 'settings of editors, linters and builds',
    match: /^(\.github|\.vscode|\.idea|\.circleci|\.husky)\//,
  },
  {
    why: 'settings of editors, linters and builds',
    match:
      /^(\.editorconfig|\.npmignore|\.gitattributes|\.gitignore|\.travis\.yml|\.nycrc(\.json)?|\.taprc|\.eslintrc[\w.]*|\.prettierrc[\w.]*|tsconfig[\w.]*\.json|\.jshintrc|\.eslintignore|\.prettierignore|\.mailmap|\.c8rc\.json|Makefile|Gruntfile\.js|gulpfile\.js|bower\.json|component\.json|appveyor\.yml|eslint\.config\.\w+)$/,
  },
  {
    why: 'sources and leavings of a native build',
    match: /^(binding\.gyp|build\/(Makefile|config\.gypi|.*\.mk|Release\/(\.deps|obj\.target|obj)\/.*))$/,
  },
]

/**
 * Whether a file of a dependency never runs. What package.json names is kept, whatever it is called.
 *
 * @param path inside the package, with slashes
 */
export function neverRuns(path: string, manifest: PackageManifest): boolean {
  if (!rules.some(({ match }) => match.test(path))) return false
  const folder = path.includes('/') ? `${path.split('/')[0]}/` : path
  return !namedFiles(manifest).some((named) => named === path || named.startsWith(folder))
}

/** Every relative path that main, bin, exports and imports mention. */
function namedFiles(manifest: object): string[] {
  const { main, bin, exports, imports } = manifest as Record<string, unknown>
  const found: string[] = []
  const collect = (value: unknown, key = ''): void => {
    if (key === 'types' || key === 'typings') return
    if (typeof value === 'string') found.push(value.replace(/^\.\//, ''))
    else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) collect(inner, name)
    }
  }
  for (const value of [main, bin, exports, imports]) collect(value)
  return found
}
