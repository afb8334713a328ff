import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { addUnchanged, isTraced } from './bundle.ts'
import type { Compiled } from './compile.ts'
import { formatOf, readSource } from './source.ts'
import type { Tree } from './tree.ts'
import { isTypeScript, stripTypes } from './typescript.ts'

/** Where own files are collected. */
export interface Own {
  /** The repository, links resolved. */
  root: string
  tree: Tree
  /** Secrets that were left out, relative to the repository. */
  secrets: string[]
  /** Files that cannot run, and why. It is an error only if something imports them. */
  broken: Map<string, UserError>
  /** The sources of all files of TypeScript. */
  typeScript: Map<string, string>
  /** Those that need the compiler. */
  uncompiled: Set<string>
  /** Undefined while nothing needs the compiler. */
  compiled?: Compiled
  /** Whether a packed file has a source map inside it. */
  hasMaps: boolean
  /** Folders that bring their own `node_modules` and are packed as they are. */
  traced: string[]
}

export function collectionFor(root: string, tree: Tree): Own {
  return {
    root,
    tree,
    secrets: [],
    broken: new Map(),
    typeScript: new Map(),
    uncompiled: new Set(),
    hasMaps: false,
    traced: [],
  }
}

/**
 * Adds files that are the repository's own, with their types stripped: a file, or a folder with all in it.
 * Secrets stay behind, and are named.
 *
 * @param path relative to the repository
 * @param wanted whether to take a file, by its path
 */
export function addOwn(own: Own, path: string, wanted: (path: string) => boolean = () => true): void {
  const file = join(own.root, path)
  const found = lstatSync(file)
  if (found.isDirectory()) {
    for (const name of readdirSync(file)) addChild(own, join(path, name), wanted)
  } else if (!wanted(path)) {
    return
  } else if (found.isSymbolicLink()) {
    own.tree.set(path, { kind: 'link', target: linkTarget(own.root, path) })
  } else if (!found.isFile()) {
    throw new UserError(`${path} is not a regular file, folder or link`, { hint: `rm ${path}` })
  } else {
    const executable = (found.mode & 0o111) !== 0
    const content = isTypeScript(path) ? runnable(own, path) : undefined
    own.tree.set(
      path,
      content === undefined
        ? { kind: 'copy', source: file, bytes: found.size, executable }
        : { kind: 'text', content, executable },
    )
  }
}

/** Returns the JavaScript of a TypeScript file: with its types stripped, or compiled. */
function runnable(own: Own, path: string): string {
  const code = readFileSync(join(own.root, path), 'utf8')
  own.typeScript.set(path, code)
  const compiled = own.compiled?.code.get(path)
  if (compiled !== undefined) return compiled
  const result = stripTypes(code, path)
  const isForModule = formatOf(own.root, path).format !== 'commonjs'
  // CommonJS with import or export needs the compiler.
  if (result.as === 'javascript' && (isForModule || !readSource(path, result.code, 'commonjs').isModule))
    return result.code
  if (result.as === 'broken') own.broken.set(path, result.error)
  else own.uncompiled.add(path)
  return code
}

function addChild(own: Own, path: string, wanted: (path: string) => boolean): void {
  const name = basename(path)
  if (isIgnored(name)) return
  if (name === 'node_modules') {
    if (!isTraced(own.root, dirname(path))) return
    own.traced.push(dirname(path))
    addUnchanged(own, path)
    return
  }
  if (secretIn(join(own.root, path)) === undefined) addOwn(own, path, wanted)
  else own.secrets.push(path)
}

/**
 * Adds a file or folder of `app.include`. A private key is added only when it is named itself.
 *
 * @throws {UserError} for a path that does not exist, is outside the repository, or holds secrets
 */
export function addNamed(own: Own, path: string): void {
  const place = relative(own.root, resolve(own.root, path))
  if (place === '' || place.startsWith('..') || !existsSync(join(own.root, place))) {
    throw new UserError(`app.include: ${path} does not exist in the repository`, {
      hint: 'paths in app.include are relative to the repository',
    })
  }
  const secret = secretIn(join(own.root, place))
  if (secret === 'environment' || secret === 'credentials') {
    throw new UserError(`app.include: ${path} contains secrets: everyone who has the image can read it`, {
      hint: 'pass secrets to the running machine: "deploy": { "options": { "env": "<file>" } }',
    })
  }
  addOwn(own, place)
}

/** Folders of the machine that a program may write to. */
const inMachine = /^\/(tmp|run|data)(\/|$)/

function linkTarget(root: string, path: string): string {
  const written = readlinkSync(join(root, path))
  const absolute = resolve(root, dirname(path), written)
  const target = relative(root, absolute)
  if (!target.startsWith('..')) return target
  if (written.startsWith('/') && inMachine.test(absolute)) return absolute
  throw new UserError(`${path} links to ${absolute}, outside the repository`, {
    hint: 'replace the link with a copy of its target; links to /tmp, /run and /data are allowed',
  })
}

/**
 * Checks that every link of the app's own leads to something that is packed.
 *
 * @throws {UserError} naming the first that does not
 */
export function checkLinks({ root, tree }: Own): void {
  const folders = new Set<string>([''])
  for (const path of tree.keys()) {
    for (let at = dirname(path); at !== '.' && !folders.has(at); at = dirname(at)) folders.add(at)
  }
  for (const [path, entry] of tree) {
    if (entry.kind !== 'link' || path.includes('node_modules/') || entry.target.startsWith('/')) continue
    const isComplete = existsSync(join(root, entry.target))
    const target = isComplete ? relative(root, realpathSync(join(root, entry.target))) : entry.target
    if (tree.has(target) || folders.has(target)) continue
    throw new UserError(
      `${path} links to ${entry.target}, which ${isComplete ? 'is not packed' : 'does not exist'}`,
      {
        hint: isComplete ? `add "${entry.target}" to app.include in config/system.json` : `rm ${path}`,
      },
    )
  }
}

/** Never part of what runs: left out silently. */
const litter = /^(\.git|\.DS_Store|\.nodeos|\.#.*|.*~|.*\.sw[op]|.*\.d\.[cm]?ts)$/

const settings = /^\.env|\.env$/i
const credentials =
  /^(\.npmrc|\.yarnrc(\.yml)?|\.netrc|\.pypirc|\.pgpass|\.git-credentials|\.ssh|\.aws|\.gnupg|\.kube|\.docker)$/
const keyFiles = /\.(pem|key|p8|ppk)$|^id_(rsa|dsa|ecdsa|ed25519)$/i
const keyStores = /\.(p12|pfx|jks|keystore)$/i

/** The kind of secret that keeps a file out of an image. */
export type Secret = 'environment' | 'credentials' | 'private key'

/** Returns whether a file in the app's folders is not part of the app, going by its name. */
export function isIgnored(name: string): boolean {
  return litter.test(name)
}

/** Returns the kind of secret that a file or folder holds, going by its name and, for keys, by its content. */
export function secretIn(path: string): Secret | undefined {
  const name = basename(path)
  if (settings.test(name)) return 'environment'
  if (credentials.test(name)) return 'credentials'
  if (keyStores.test(name)) return 'private key'
  if (!keyFiles.test(name) || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined
  return /PRIVATE KEY|PuTTY-User-Key-File/.test(readFileSync(path, 'latin1')) ? 'private key' : undefined
}
