import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SystemConfig } from '../config/system.types.ts'
import type { Artefact } from './pipeline/record.ts'
import type { Cache } from './pipeline/cache.ts'
import { runStep, type Step } from './pipeline/step.ts'
import { buildInit, buildNative, hasCompilers, sourceInputs, toolInputs } from './runtime/c-programs.ts'
import { type NodeRuntime, npmNode } from './runtime/node.ts'

/** The C programs of the runtime layer. */
const files = ['init', 'native.node'] as const

export interface ProgramsOptions {
  config: Pick<SystemConfig, 'machine'>
  cache: Cache
  /** Folder that gets the folder `programs`, e.g. `dist`. */
  out: string
}

/**
 * Compiles init and the native binding, or takes them from a store.
 *
 * @returns `programs/init` and `programs/native.node`
 */
export async function buildPrograms(options: ProgramsOptions): Promise<Artefact[]> {
  return runStep(await programsStep(options))
}

/** Describes the step. It knows pinned programs without a compiler. */
export async function programsStep({ config, cache, out }: ProgramsOptions): Promise<Step> {
  const node = await npmNode(config.machine.arch)
  const sources = { node: node.version, arch: config.machine.arch, ...(await sourceInputs()) }
  const withTools = async () => ({ ...sources, ...(await toolInputs()) })
  return {
    label: 'C programs',
    name: 'programs',
    dist: out,
    cache,
    pinned: [sources],
    inputs: hasCompilers() ? await withTools() : withTools,
    make: async (into) => compile(into, node),
    async install(from) {
      const place = join(out, 'programs')
      await rm(place, { recursive: true, force: true })
      await rename(from, place)
      return Object.fromEntries(files.map((name) => [`programs/${name}`, join(place, name)]))
    },
  }
}

async function compile(into: string, { headers }: NodeRuntime): Promise<void> {
  await mkdir(into, { recursive: true })
  await buildInit({ out: join(into, 'init') })
  await buildNative({ out: join(into, 'native.node'), headers })
}
