import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import type { SystemConfig } from '../config/system.types.ts'
import { type Plan, planApp } from './app/stage.ts'
import { writeTree } from './app/tree.ts'
import { layerCompression } from './image/format.ts'
import type { Artefact } from './pipeline/record.ts'
import { log } from '../config/lib/log.ts'
import { formatBytes } from '../config/lib/units.ts'
import { main } from '../config/lib/main.ts'
import { layerType, packerVersion, packLayer, removeLayer } from './pipeline/pack.ts'
import { dist, root } from '../config/lib/paths.ts'
import { runStep } from './pipeline/step.ts'
import { npmNode } from './runtime/node.ts'

export interface AppOptions {
  /** The repository: `app/`, `config/`, `package.json`, `node_modules/`. */
  root: string
  config: SystemConfig
  /** Folder for the layer, e.g. `dist`. */
  out: string
}

/** Packs the app layer: the application, its production dependencies and its configuration. */
export async function buildApp({ root, config, out }: AppOptions): Promise<Artefact[]> {
  const compression = await layerCompression(config)
  const node = await npmNode(config.machine.arch)
  const plan = planApp({ root, config, node: node.binary })
  report(plan)
  return runStep({
    label: 'App layer',
    name: 'app',
    dist: out,
    inputs: { files: plan.sha256, packer: await packerVersion(compression) },
    async make(into) {
      log.step(summary(plan))
      const staged = `${into}-staged`
      writeTree(plan.tree, staged)
      const timestamp = stamp(plan.sha256)
      await packLayer({ source: staged, out: join(into, 'layer'), compression, timestamp })
    },
    async install(from) {
      await removeLayer(out, 'app')
      const file = join(out, `app.${layerType(compression)}`)
      await rename(join(from, 'layer'), file)
      return { app: file }
    },
  })
}

/** Prints what the user should know at every build. */
function report({ secrets, warnings }: Plan): void {
  for (const warning of warnings) log.warn(warning)
  if (secrets.length > 0)
    log.warn(`not packed, because everyone who has the image can read it: ${secrets.join(', ')}`)
}

function summary({ tree, packages, pruned }: Plan): string {
  const without =
    pruned.files === 0
      ? ''
      : ` (without ${pruned.files} unused files of dependencies, ${formatBytes(pruned.bytes)})`
  return `Packing the app: ${tree.size} files, ${packages.length} packages${without}`
}

/** Returns a time in 2000 to 2020, in seconds, that depends on the files only. */
function stamp(sha256: string): number {
  const start = 946_684_800
  const span = 20 * 365 * 24 * 3600
  return start + (Number.parseInt(sha256.slice(0, 12), 16) % span)
}

await main(
  import.meta,
  {
    usage: 'npm run build:app --',
    example: 'npm run build:app',
    summary: 'Packs the app layer: the application, its production dependencies and its configuration.',
    options: {},
    help: {},
  },
  async () => {
    await buildApp({ root, config: await loadConfig(), out: dist })
  },
)
