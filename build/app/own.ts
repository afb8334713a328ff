import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { UserError } from '../lib/errors.ts'
import { addUnchanged, isTraced } from './bundle.ts'
import { isLitter, secretIn } from './secrets.ts'
import type { Tree } from './tree.ts'
import { isTypeScript, stripTypes } from './typescript.ts'

/** Where own files are collected. */
export interface Own {
  /** The repository, links resolved. */
  root: string
  tree: Tree
  /** Secrets that were left out, relative to the repository. */
  secrets: string[]
  /** Files that cannot run, and why: an error when something imports them. */
  broken: Map<string, UserError>
  /** Folders that bring their own `node_modules` and are packed as they are. */
  traced: string[]
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
    throw new UserError(`${path} is neither a file, a folder nor a link`, { hint: `rm ${path}` })
  } else {
    const executable = (found.mode & 0o111) !== 0
    const content = isTypeScript(path) ? stripped(own, path) : undefined
    own.tree.set(
      path,
      content === undefined
        ? { kind: 'copy', source: file, bytes: found.size, executable }
        : { kind: 'text', content, executable },
    )
  }
}

function stripped({ root, broken }: Own, path: string): string {
  const code = readFileSync(join(root, path), 'utf8')
  try {
    return stripTypes(code, path)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    broken.set(path, error)
    return code
  }
}

function addChild(own: Own, path: string, wanted: (path: string) => boolean): void {
  const name = basename(path)
  if (isLitter(name)) return
  if (name === 'node_modules') {
    if (!isTraced(own.root, dirname(path))) return
    own.traced.push(dirname(path))
    addUnchanged(own, path)
    return
  }
  if (secretIn(join(own.root, path)) === undefined) addOwn(own, path, wanted)
  else own.secrets.push(path)
}

/** Who names what is to be packed: a key, and the file that it stands in. */
interface Naming {
  key: string
  file: string
}

/**
 * Adds what is named. A private key that is named itself, rather than the folder that it lies in, is taken.
 *
 * @throws {UserError} for what is not there, not in the repository, or a secret
 */
export function addNamed(own: Own, path: string, { key, file }: Naming): void {
  const place = relative(own.root, resolve(own.root, path))
  if (place === '' || place.startsWith('..') || !existsSync(join(own.root, place))) {
    throw new UserError(`${key}: there is no file or folder ${path} in the repository`, {
      hint: `it is named in ${file}, relative to the repository`,
    })
  }
  const secret = secretIn(join(own.root, place))
  if (secret === 'environment' || secret === 'credentials') {
    throw new UserError(`${key}: ${path} holds secrets, and an image is not secret`, {
      hint: 'hand it to the running machine instead: "deploy": { "options": { "env": "<file>" } }',
    })
  }
  addOwn(own, place)
}

/** Folders that only the machine has: a program may write there. */
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
    const isThere = existsSync(join(root, entry.target))
    const target = isThere ? relative(root, realpathSync(join(root, entry.target))) : entry.target
    if (tree.has(target) || folders.has(target)) continue
    throw new UserError(
      `${path} links to ${entry.target}, which ${isThere ? 'is not packed' : 'does not exist'}`,
      {
        hint: isThere ? `add "${entry.target}" to app.include in config/system.json` : `rm ${path}`,
      },
    )
  }
}
