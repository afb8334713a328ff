import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { guestConfig } from '../../kernel/contract/guest-config.ts'
import { guestPaths, writableFolder } from '../../kernel/contract/paths.ts'
import { initConf } from '../../kernel/contract/init-conf.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { UserError } from '../../config/lib/errors.ts'
import { validatorCode } from '../../config/validator.ts'
import { nodeAbi } from '../runtime/node.ts'
import { type Guest, libraryFolder, packAddons } from './addons.ts'
import { type Package, packedFolders, productionClosure, readManifest } from './closure.ts'
import { followImports } from './imports.ts'
import { hostLibraries, librariesOfProgram } from '../host/libraries.ts'
import { missingLocales } from './locales.ts'
import { addNamed, addOwn, checkLinks, collectionFor } from './own.ts'
import { addPackage, type Pruned } from './packages.ts'
import { digestTree, type Tree } from './tree.ts'

/** The content of the app layer, before anything is written. */
export interface Plan {
  tree: Tree
  /** Changes when any file of the layer does. */
  sha256: string
  packages: Package[]
  pruned: Pruned
  /** Secrets that stay out of the layer, relative to the repository. */
  secrets: string[]
  /** Likely mistakes, as sentences. */
  warnings: string[]
}

export interface PlanOptions {
  /** The repository: `app/`, `config/`, `package.json`, `node_modules/`. */
  root: string
  config: SystemConfig
  /** The Node binary of the runtime layer. Addons share its libraries. */
  node: string
}

/** Files of config/ that are the build's, not the app's. */
const systemConfig = /^config\/(system\..*|local\.json|.*\.schema\.json|.*\.ts)$/

/** Keys of the root package.json that only npm reads, and that change more often than the app. */
const npmOnly = new Set(['scripts', 'devDependencies', 'overrides', 'workspaces', 'allowScripts'])

/**
 * Plans the app layer: a mirror of the repository with what the app needs to run.
 *
 * @throws {UserError} for whatever would not run in the machine
 */
export function planApp({ root: repository, config, node }: PlanOptions): Plan {
  const root = realpathSync(repository)
  const { arch } = config.machine
  const { include, prune, entry } = config.app
  const tree: Tree = new Map()
  const own = collectionFor(root, tree)
  const pruned = { files: 0, bytes: 0 }
  const { packages, links, warnings } = productionClosure(root, packedFolders(config))

  if (existsSync(join(root, 'app'))) addOwn(own, 'app')
  if (existsSync(join(root, 'config'))) addOwn(own, 'config', (path) => !systemConfig.test(path))
  for (const path of include) addNamed(own, path)
  for (const found of packages) addPackage(own, found, prune, pruned)
  for (const [path, target] of links) tree.set(path, { kind: 'link', target })
  addText(tree, 'package.json', rootManifest(root))
  requireEntry(root, tree, entry)
  warnings.push(...followImports(own, { config, packages }), ...missingLocales(own, config))
  checkLinks(own)
  const schema = join(root, 'config/app.schema.json')
  if (tree.has('kernel/kit/config.ts') && existsSync(schema))
    addText(tree, '.nodeos/app-config.cjs', validatorCode(schema))

  const carried = packAddons(tree, { packages, arch }, () => guest(config, node))
  const env: Record<string, string> = carried ? { LD_LIBRARY_PATH: `${guestPaths.app}/${libraryFolder}` } : {}
  makeWritable(tree, config.app.writable)
  const run = own.hasMaps ? withSourceMaps(config) : config
  addText(tree, '.nodeos/system.json', `${JSON.stringify(guestConfig(run))}\n`)
  addText(tree, '.nodeos/init.conf', initConf(run, env))
  return {
    tree,
    sha256: digestTree(tree),
    packages,
    pruned,
    secrets: [...new Set(own.secrets)].sort(),
    warnings,
  }
}

/** Node reads source maps only with this option, which costs nothing without them. */
function withSourceMaps(config: SystemConfig): SystemConfig {
  const { nodeOptions } = config.app
  const flag = '--enable-source-maps'
  if (nodeOptions.includes(flag)) return config
  return { ...config, app: { ...config.app, nodeOptions: [flag, ...nodeOptions] } }
}

function guest({ machine: { arch } }: SystemConfig, node: string): Guest {
  const host = hostLibraries(arch)
  return { host, runtime: new Set(librariesOfProgram(node, host).keys()), node: nodeAbi(node) }
}

function addText(tree: Tree, path: string, content: string): void {
  tree.set(path, { kind: 'text', content, executable: false })
}

function rootManifest(root: string): string {
  const path = join(root, 'package.json')
  if (!existsSync(path)) throw new UserError(`missing package.json in ${root}`)
  readManifest(root)
  const all = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  const entries = Object.entries(all).filter(([key]) => !npmOnly.has(key))
  return `${JSON.stringify(Object.fromEntries(entries))}\n`
}

function requireEntry(root: string, tree: Tree, entry: string): void {
  if (tree.has(entry)) return
  const found = statSync(join(root, entry), { throwIfNoEntry: false })
  if (found?.isFile() === true) {
    throw new UserError(`app.entry: ${entry} is not packed`, {
      hint: `move it into app/, or add "${entry}" to app.include in config/system.json`,
    })
  }
  throw new UserError(`app.entry: ${entry} does not exist`, {
    hint: 'set app.entry in config/system.json to the file that Node starts',
  })
}

const prefilled = guestPaths.prefilled.slice(`${guestPaths.app}/`.length)

/**
 * Makes folders of a layer writable: each becomes a link to a folder of the running machine, and its content moves
 * to where the system layer copies it from at the first start.
 *
 * @throws {UserError} for one that is a file
 */
export function makeWritable(tree: Tree, writable: SystemConfig['app']['writable']): void {
  for (const [folder, place] of Object.entries(writable)) {
    if (tree.has(folder)) {
      throw new UserError(`app.writable: ${folder} is not a folder`, {
        hint: 'name the folder that contains it',
      })
    }
    const moved = (path: string): string => (path.startsWith(`${folder}/`) ? `${prefilled}/${path}` : path)
    for (const [path, entry] of [...tree]) {
      if (!path.startsWith(`${folder}/`)) continue
      tree.delete(path)
      tree.set(moved(path), entry.kind === 'link' ? { kind: 'link', target: moved(entry.target) } : entry)
    }
    tree.set(folder, { kind: 'link', target: writableFolder(folder, place) })
  }
}
