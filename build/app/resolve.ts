import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type NapiResolveOptions, ResolverFactory } from 'oxc-resolver'
import type { PackageManifest } from './closure.ts'
import type { Import } from './source.ts'

/** The target of an import. */
export type Resolved =
  /** A module of Node, or a URL that is not a file. */
  | { to: 'nothing' }
  /** A file, by its real path. */
  | { to: 'file'; path: string; rewrite: boolean }
  | { to: 'unknown' }

/** The conditions of `import` and of `require` in Node. */
const conditions = ['node', 'module-sync', 'node-addons', 'default']
const typeScript: Pick<NapiResolveOptions, 'extensions' | 'extensionAlias'> = {
  extensions: ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.json'],
  extensionAlias: {
    '.js': ['.ts', '.tsx', '.js', '.jsx'],
    '.jsx': ['.tsx', '.jsx'],
    '.mjs': ['.mts', '.mjs'],
    '.cjs': ['.cts', '.cjs'],
  },
}

/** Resolves imports as Node does. */
export class Resolver {
  readonly #import: ResolverFactory
  readonly #require: ResolverFactory
  readonly #compiler: ResolverFactory

  /** @param nodeOptions options of Node's command line: they may add conditions */
  constructor(root: string, { _moduleAliases = {} }: PackageManifest, nodeOptions: readonly string[]) {
    const more = nodeOptions.flatMap((option) => /^(?:--conditions|-C)=(.+)$/.exec(option)?.[1] ?? [])
    const shared: NapiResolveOptions = {
      conditionNames: [...conditions, ...more],
      mainFields: ['main'],
      symlinks: true,
      extensions: ['.js', '.json', '.node'],
    }
    const named = (...names: string[]): NapiResolveOptions => ({
      ...shared,
      conditionNames: [...conditions, ...names, ...more],
    })
    const alias = Object.fromEntries(
      Object.entries(_moduleAliases).map(([name, target]) => [name, [resolve(root, target)]]),
    )
    this.#import = new ResolverFactory({ ...named('import'), fullySpecified: true })
    this.#require = this.#import.cloneWithOptions({ ...named('require'), alias, fullySpecified: false })
    this.#compiler = this.#import.cloneWithOptions({
      ...named('import', 'require'),
      ...typeScript,
      alias,
      fullySpecified: false,
      tsconfig: 'auto',
    })
  }

  /**
   * Resolves an import. In TypeScript it also accepts what a compiler accepts: a path without extension or with
   * the extension of the output, and an alias of `paths` in tsconfig.json. `rewrite` marks these: Node needs the file.
   *
   * @param from real path of the importing file
   */
  resolve(from: string, { specifier, kind }: Pick<Import, 'specifier' | 'kind'>): Resolved {
    if (isBuiltin(specifier) || /^(node|data|https?|blob):/.test(specifier)) return { to: 'nothing' }
    const wanted = specifier.startsWith('file:') ? fileURLToPath(specifier) : specifier
    if (kind === 'url') {
      if (/^[a-z]+:/i.test(specifier)) return { to: 'nothing' }
      const path = resolve(dirname(from), specifier.replace(/[?#].*$/, ''))
      return existsSync(path) ? { to: 'file', path, rewrite: false } : { to: 'nothing' }
    }
    const plain = kind === 'import' && /^[./]/.test(wanted) ? wanted.replace(/[?#].*$/, '') : wanted
    const resolver = kind === 'import' ? this.#import : this.#require
    const { path } = resolver.sync(dirname(from), plain)
    if (path !== undefined) return { to: 'file', path, rewrite: false }
    if (kind === 'import' && /^(@[^/]+\/)?[^./#@][^/]*$/.test(plain)) {
      // A package without `exports`, whose `main` has no extension: Node completes it here, too.
      const main = this.#require.sync(dirname(from), plain)
      if (main.path !== undefined) return { to: 'file', path: main.path, rewrite: false }
    }
    if (!/\.[cm]?tsx?$/.test(from)) return { to: 'unknown' }
    const compiled = this.#compiler.resolveFileSync(from, plain)
    return compiled.path === undefined || /\.d\.[cm]?ts$/.test(compiled.path)
      ? { to: 'unknown' }
      : { to: 'file', path: compiled.path, rewrite: true }
  }

  /** Returns what a compiler finds for a path that Node does not find. */
  guess(from: string, specifier: string): string | undefined {
    return this.#compiler.sync(dirname(from), specifier).path
  }
}
