import { chmod, copyFile, mkdir, realpath, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import type { SystemConfig } from '../config/system.types.ts'
import { layerCompression } from './image/format.ts'
import { buildPrograms } from './programs.ts'
import type { Artefact } from './pipeline/record.ts'
import { hashFile } from '../config/lib/hash.ts'
import { type Cache, cacheFrom } from './pipeline/cache.ts'
import { progress } from '../config/lib/log.ts'
import { main } from '../config/lib/main.ts'
import { type Compression, layerType, packerVersion, packLayer, removeLayer } from './pipeline/pack.ts'
import { dist } from '../config/lib/paths.ts'
import { runStep } from './pipeline/step.ts'
import { formatBytes } from '../config/lib/units.ts'
import { requireProgram } from '../config/lib/find.ts'
import { runSync } from '../config/lib/run.ts'
import { writeCertificates, writeSkeleton, writeZones, zoneInputs } from './runtime/skeleton.ts'
import { type HostLibraries, hostLibraries, librariesOfProgram } from './host/libraries.ts'
import { dropLocales, localeInputs } from './runtime/locales.ts'
import { type NodeRuntime, npmNode } from './runtime/node.ts'
import { buildSystem, systemInputs } from './runtime/system.ts'

export interface RuntimeOptions {
  config: SystemConfig
  cache: Cache
  /** Folder for the layer, e.g. `dist`. */
  out: string
}

/** The time of all files of the layer: 2026-01-01, in seconds. */
const timestamp = 1_767_225_600

/** Packs Node, its libraries, init, the native binding and the system layer into the root file system. */
export async function buildRuntime({ config, cache, out }: RuntimeOptions): Promise<Artefact[]> {
  const compression = await layerCompression(config)
  const { locales } = config.runtime
  const node = await npmNode(config.machine.arch)
  const host = hostLibraries(config.machine.arch)
  const checker = config.data === undefined ? [] : await fileSystemCheck(host)
  const libraries = unique([...(await librariesOf(node.binary, host)), ...checker])
  const programs = await buildPrograms({ config, cache, out })
  return runStep({
    label: 'Runtime layer',
    name: 'runtime',
    dist: out,
    cache,
    inputs: await runtimeInputs({ node, libraries, programs, locales, compression }),
    async make(into) {
      const line = progress(`Packing Node ${node.version} (${compression})`)
      const staged = `${into}-staged`
      await stage(staged, { node, libraries, programs, locales })
      const layer = join(into, 'layer')
      await packLayer({ source: staged, out: layer, compression, timestamp })
      line.done(formatBytes((await stat(layer)).size))
    },
    async install(from) {
      await removeLayer(out, 'runtime')
      const file = join(out, `runtime.${layerType(compression)}`)
      await rename(join(from, 'layer'), file)
      return { runtime: file }
    },
  })
}

/** A shared library or program of this host, and its path in the guest. */
interface Library {
  /** With links resolved. */
  file: string
  guestPath: string
}

/** Returns the libraries of a program. They have the same path in the guest, where its loader finds them. */
async function librariesOf(program: string, host: HostLibraries): Promise<Library[]> {
  const paths = [...librariesOfProgram(program, host).values()].map(({ file }) => file).sort()
  return Promise.all(paths.map(async (guestPath) => ({ file: await realpath(guestPath), guestPath })))
}

/** Returns the program that checks the data disk at boot, and its libraries: only a machine with a data disk has them. */
async function fileSystemCheck(host: HostLibraries): Promise<Library[]> {
  const file = requireProgram('e2fsck', 'check the data disk at boot')
  return [{ file: await realpath(file), guestPath: '/bin/e2fsck' }, ...(await librariesOf(file, host))]
}

function unique(libraries: readonly Library[]): Library[] {
  return [...new Map(libraries.map((library) => [library.guestPath, library])).values()]
}

interface Parts {
  node: NodeRuntime
  libraries: Library[]
  programs: Artefact[]
  locales: SystemConfig['runtime']['locales']
}

/** Writes the root file system into the folder `into`. */
async function stage(into: string, { node, libraries, programs, locales }: Parts): Promise<void> {
  await writeSkeleton(into)
  writeZones(into)
  writeCertificates(into, node.binary)
  await mkdir(join(into, 'nodeos'))
  for (const { name, path } of programs) {
    const file = join(into, placeOf(name))
    await copyFile(path, file)
    await chmod(file, 0o755)
  }
  await buildSystem({ out: join(into, 'nodeos'), node: node.binary })
  await addStripped(into, node.binary, '/bin/node')
  if (locales !== 'all') {
    await dropLocales(join(into, 'bin/node'), { languages: locales, original: node.binary })
  }
  for (const { file, guestPath } of libraries) await addStripped(into, file, guestPath)
}

/** Returns where a C program is in the layer. */
function placeOf(program: string): string {
  return program === 'programs/init' ? 'init' : 'nodeos/native.node'
}

async function addStripped(into: string, file: string, guestPath: string): Promise<void> {
  const path = join(into, guestPath)
  await mkdir(dirname(path), { recursive: true })
  await copyFile(file, path)
  await chmod(path, 0o755)
  runSync(['strip', '--strip-unneeded', path], { purpose: `strip ${guestPath}` })
}

/** Returns everything that determines the layer's bytes. */
async function runtimeInputs({
  node,
  libraries,
  programs,
  locales,
  compression,
}: Parts & { compression: Compression }): Promise<Record<string, string>> {
  const { size } = await stat(node.binary)
  return {
    node: `${node.version} ${size}`,
    ...Object.fromEntries(
      await Promise.all(libraries.map(async ({ file, guestPath }) => [guestPath, await hashFile(file)])),
    ),
    ...Object.fromEntries(programs.map(({ name, sha256 }) => [placeOf(name), sha256])),
    ...(await systemInputs()),
    ...(await zoneInputs()),
    ...(locales === 'all' ? {} : await localeInputs(locales)),
    skeleton: await hashFile(join(import.meta.dirname, 'runtime/skeleton.ts')),
    packer: await packerVersion(compression),
  }
}

await main(
  import.meta,
  {
    usage: 'npm run build:runtime --',
    example: 'npm run build:runtime',
    summary: 'Packs the runtime layer: Node, its libraries, init, the native binding, the system layer.',
    options: {},
    help: {},
  },
  async () => {
    await buildRuntime({ config: await loadConfig(), cache: cacheFrom(process.env), out: dist })
  },
)
