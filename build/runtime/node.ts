import { readFileSync, realpathSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { root } from '../../config/lib/paths.ts'

/** A Node that the guest can run. */
export interface NodeRuntime {
  /** e.g. `24.21.0` */
  version: string
  /** The binary: a dynamically linked ELF file, stripped or not. */
  binary: string
  /** Folder with `node_api.h`. */
  headers: string
}

/** Finds a Node for an architecture. */
export type NodeProvider = (arch: 'x64' | 'arm64') => Promise<NodeRuntime>

/** The official binary, as the locked dependency `node-linux-<arch>` holds it. */
export const npmNode: NodeProvider = async (arch) => {
  const name = `node-linux-${arch}`
  const folder = join(root, 'node_modules', name)
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
  if (manifest === undefined) {
    throw new UserError(`the machine's Node is not installed: ${name} is missing in node_modules`, {
      hint: `npm install   on a ${arch} host, without --omit=optional`,
    })
  }
  const binary = join(folder, 'bin/node')
  await stat(binary)
  const { version } = JSON.parse(manifest) as { version: string }
  return { version, binary, headers: join(folder, 'include/node') }
}

/** Reads the version and NODE_MODULE_VERSION of a Node binary from the headers beside it. */
export function nodeAbi(binary: string): { version: string; abi: number } {
  const text = readFileSync(join(dirname(realpathSync(binary)), '../include/node/node_version.h'), 'utf8')
  const number = (name: string): number => Number(new RegExp(`^#define ${name} (\\d+)`, 'm').exec(text)?.[1])
  const version = ['MAJOR', 'MINOR', 'PATCH'].map((part) => number(`NODE_${part}_VERSION`)).join('.')
  return { version, abi: Number(/^ *#define NODE_MODULE_VERSION (\d+)/m.exec(text)?.[1]) }
}
