import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { SystemConfig } from '../../config/system.types.ts'
import { UserError } from '../../config/lib/errors.ts'
import { type Package, type PackageManifest, readManifest } from './closure.ts'
import { compileAll, compileJsx, sourceOf, importsTypeAsValue } from './compiled.ts'
import { formatOf, type Import, readSource, scopeOf, type Source } from './source.ts'
import { addOwn, type Own, secretIn } from './own.ts'
import { Resolver } from './resolve.ts'

export interface FollowOptions {
  config: Pick<SystemConfig, 'app'>
  /** Installed packages that are packed. */
  packages: readonly Package[]
}

/** Whether a file is loaded at every start, may be loaded, or is not imported by anything. */
type Reach = 'certain' | 'perhaps' | 'unknown'

const sourceFile = /(?<!\.d)\.[cm]?[jt]sx?$/
const tests = /(^|\/)(tests?|__tests__)\/|\.(test|spec)\.[cm]?[jt]sx?$/
/** A file that is larger and that nothing imports is a bundle for browsers. */
const largestUnreached = 1_000_000

/**
 * Follows the imports of the app's own files: first from the entry and the files that Node loads before it, then
 * of all other files, because some programs load files by computed names. Packs imported files of the repository
 * that lie outside `app/`.
 *
 * @returns warnings about imports that may fail, as sentences
 * @throws {UserError} for an import that fails whenever the app starts
 */
export function followImports(own: Own, { config: { app }, packages }: FollowOptions): string[] {
  const { root, tree } = own
  const manifest = readManifest(root)
  const resolver = new Resolver(root, manifest, app.nodeOptions)
  const warnings = new Map<string, string>()
  const seen = new Map<string, Reach>()
  const queue: [path: string, reach: Reach][] = []

  const enqueue = (path: string, reach: Reach): void => {
    if (!sourceFile.test(path) || path.split('/').includes('node_modules')) return
    if (own.traced.some((folder) => path.startsWith(`${folder}/`))) return
    const before = seen.get(path)
    if (before === 'certain' || before === reach || (before === 'perhaps' && reach === 'unknown')) return
    seen.set(path, reach)
    queue.push([path, reach])
  }
  const complain = (problem: Problem, reach: Reach, key = problem.text): void => {
    if (reach === 'certain') throw new UserError(problem.text, { hint: problem.hint })
    if (!warnings.has(key)) warnings.set(key, `${problem.text} (${problem.hint.split('\n')[0]})`)
  }
  /** Returns whether the compiler must run first. */
  const followFile = (path: string, reach: Reach): boolean => {
    const code = contentOf(own, path)
    const source = readSource(path, code, formatOf(root, path).format)
    const error = own.broken.get(path) ?? parseError(path, source)
    if (reach === 'unknown' && error !== undefined) {
      warnings.set(path, `${error.message}; nothing imports it`)
      return false
    }
    const problem = error ?? (reach === 'unknown' ? undefined : formatError(root, path, source))
    if (problem !== undefined) throw problem
    const edits: [Import, string][] = []
    for (const one of source.imports) {
      const place = placeOf(own, path, one.line)
      const sure = one.certain ? reach : reach === 'unknown' ? 'unknown' : 'perhaps'
      const found = resolver.resolve(join(root, sourceOf(path)), one)
      if (found.to === 'nothing') continue
      if (found.to === 'unknown') {
        const problem = unresolved(own, resolver, path, one)
        if (reach !== 'unknown') complain(problem, hasHooks(app, manifest) ? 'perhaps' : sure)
        continue
      }
      const target = relative(root, realpathSync(found.path))
      const problem = pack(own, place, one, target, { packages, manifest })
      if (problem !== undefined) {
        if (reach !== 'unknown' || problem.package !== undefined)
          complain(problem, sure, problem.package ?? problem.text)
        continue
      }
      if (own.uncompiled.has(target) || importsTypeAsValue(own, path, one, target)) return true
      const file = /\.[jt]sx$/.test(target) ? compileJsx(own, target) : target
      if (found.rewrite || file !== target) edits.push([one, file])
      enqueue(file, sure)
    }
    if (edits.length > 0) rewrite(own, path, code, edits)
    return false
  }
  const drain = (): boolean => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      if (followFile(...next)) return true
    return false
  }
  const followAll = (): boolean => {
    warnings.clear()
    seen.clear()
    queue.length = 0
    for (const path of [app.entry, ...loadedBefore(app.nodeOptions)])
      if (tree.has(path)) enqueue(path, 'certain')
    if (drain()) return true
    for (const path of unreached(tree)) enqueue(path, 'unknown')
    return drain()
  }

  if (own.uncompiled.size > 0) compileAll(own)
  while (followAll()) compileAll(own)
  return [...warnings.values()]
}

/** Lists the files that a program may load by a computed name. */
function unreached(tree: Own['tree']): string[] {
  return [...tree]
    .filter(([path, entry]) => {
      const bytes = entry.kind === 'copy' ? entry.bytes : 0
      return entry.kind !== 'link' && bytes < largestUnreached && !tests.test(path) && !/\.[jt]sx$/.test(path)
    })
    .map(([path]) => path)
}

/** Names the place of an import. Compiled files have other lines than their source. */
function placeOf({ compiled }: Own, path: string, line: number): string {
  const source = sourceOf(path)
  return source === path && compiled?.code.has(path) !== true ? `${path}:${line}` : source
}

/** Lists the files of the app that Node's options load before the entry. */
function loadedBefore(nodeOptions: readonly string[]): string[] {
  return nodeOptions.flatMap((option) => {
    const path = /^--(?:import|require|loader|experimental-loader)=(?:\.\/|\/srv\/)(.+)$/.exec(option)?.[1]
    return path ?? []
  })
}

/** Returns whether the app may change how modules are resolved. */
function hasHooks({ nodeOptions }: SystemConfig['app'], { dependencies = {} }: PackageManifest): boolean {
  return (
    nodeOptions.some((option) => /^--(import|require|loader|experimental-loader)=/.test(option)) ||
    'module-alias' in dependencies
  )
}

interface Problem {
  text: string
  hint: string
  /** The package that is missing. */
  package?: string
}

function contentOf({ root, tree }: Own, path: string): string {
  const entry = tree.get(path)
  return entry?.kind === 'text' ? entry.content : readFileSync(join(root, path), 'utf8')
}

function parseError(path: string, { error }: Source): UserError | undefined {
  return error && new UserError(`${path}:${error.line} is not valid JavaScript: ${error.message}`)
}

/** Explains a file whose syntax contradicts its extension or its package: Node does not look at the syntax. */
function formatError(root: string, path: string, { isModule, commonJs }: Source): UserError | undefined {
  const { format, manifest } = formatOf(root, path)
  const decides = manifest === undefined ? 'its extension' : manifest
  const folder = dirname(path)
  const own = (type: string): string => `{ "type": "${type}" } in ${join(folder, 'package.json')}`
  if (format === 'module' && commonJs !== undefined) {
    return new UserError(`${path}:${commonJs} is CommonJS, and ${decides} makes it an ES module`, {
      hint: `name it .cjs, or put ${own('commonjs')}`,
    })
  }
  if (format === 'commonjs' && isModule) {
    return new UserError(`${path} has import or export, and ${decides} makes it CommonJS`, {
      hint: `name it .mjs, or put ${own('module')}`,
    })
  }
  return undefined
}

/** Describes an import that leads to nothing. */
function unresolved(own: Own, resolver: Resolver, path: string, one: Import): Problem {
  const { root } = own
  const { specifier, line } = one
  const text = `${placeOf(own, path, line)} imports '${specifier}', which`
  if (specifier.startsWith('#')) {
    return {
      text: `${text} package.json does not define, or whose file does not exist`,
      hint: `see "imports" in ${join(scopeOf(root, path), 'package.json')}`,
    }
  }
  if (/^[./]/.test(specifier)) {
    const guess = resolver.guess(join(root, path), specifier)
    const file = guess === undefined ? undefined : relative(dirname(join(root, path)), guess)
    return {
      text: `${text} does not exist`,
      hint:
        file === undefined
          ? 'correct the path, or generate the file before the build'
          : `Node needs the whole file name: '${file.startsWith('.') ? file : `./${file}`}'`,
    }
  }
  const name = packageName(specifier)
  return { text: `${text} is not installed`, hint: `npm install ${name}`, package: name }
}

/** Packs the target of an import if it is not packed yet; returns why that is not possible. */
function pack(
  own: Own,
  place: string,
  { specifier, kind }: Import,
  target: string,
  { packages, manifest }: { packages: readonly Package[]; manifest: PackageManifest },
): Problem | undefined {
  const { root, tree } = own
  const text = `${place} ${kind === 'url' ? 'names' : 'imports'} '${specifier}', which`
  if (target.startsWith('..')) {
    return kind === 'url'
      ? undefined
      : {
          text: `${text} is outside the repository`,
          hint: 'move it into the repository, or install it as a package',
        }
  }
  if (tree.has(target)) return undefined
  if (statSync(join(root, target)).isDirectory()) {
    const isPacked = target === '' || [...tree.keys()].some((path) => path.startsWith(`${target}/`))
    return isPacked ? undefined : { text: `${text} is not packed`, hint: `add "${target}" to app.include` }
  }
  const installed = /^(.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(target)
  if (installed !== null) {
    const isPacked = packages.some(({ folder }) => target.startsWith(`${folder}/`))
    if (!isPacked) return unpacked(text, installed[1] ?? '', packageName(specifier), manifest)
    const { size, mode } = lstatSync(join(root, target))
    tree.set(target, {
      kind: 'copy',
      source: join(root, target),
      bytes: size,
      executable: (mode & 0o111) !== 0,
    })
    return undefined
  }
  const secret = secretIn(join(root, target))
  if (secret !== undefined && kind === 'url') return undefined
  if (secret !== undefined) {
    return {
      text: `${text} contains secrets: everyone who has the image can read it`,
      hint: 'pass secrets to the running machine: "deploy": { "options": { "env": "<file>" } }',
    }
  }
  addOwn(own, target)
  const scope = join(scopeOf(root, target), 'package.json')
  if (!tree.has(scope) && existsSync(join(root, scope))) addOwn(own, scope)
  return undefined
}

function unpacked(text: string, parent: string, name: string, manifest: PackageManifest): Problem {
  if (parent !== '' && !parent.includes('node_modules')) {
    const folder = parent.slice(0, -1)
    return {
      text: `${text} is installed in ${folder} and not packed`,
      hint: `add "${folder}" to app.include: the dependencies of its package.json are packed then`,
      package: name,
    }
  }
  const why = manifest.devDependencies?.[name] === undefined ? 'not a dependency' : 'a devDependency'
  return {
    text: `${text} is ${why} in package.json, so it is not packed`,
    hint: `npm install --save-prod ${name}`,
    package: name,
  }
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Replaces paths that only a compiler completes by the names of the files. */
function rewrite({ tree }: Own, path: string, code: string, edits: [Import, string][]): void {
  const entry = tree.get(path)
  if (entry === undefined || entry.kind === 'link') return
  let content = code
  for (const [{ start, end }, target] of edits.sort(([a], [b]) => b.start - a.start)) {
    const to = relative(dirname(path), target)
    content = `${content.slice(0, start)}'${to.startsWith('.') ? to : `./${to}`}'${content.slice(end)}`
  }
  tree.set(path, { kind: 'text', content, executable: entry.executable })
}
