import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import type { SystemConfig } from '../config/system.types.ts'
import { stageApp } from './app/stage.ts'
import type { Artefact } from './lib/artefact.ts'
import { log } from './lib/log.ts'
import { main } from './lib/main.ts'
import { layerType, packerVersion, packLayer, removeLayer } from './lib/pack.ts'
import { dist, root } from './lib/paths.ts'
import { runStep } from './lib/step.ts'

export interface AppOptions {
  /** The repository: `app/`, `config/`, `package.json`, `node_modules/`. */
  root: string
  config: SystemConfig
  /** Folder for the layer, e.g. `dist`. */
  out: string
}

/** Packs the app layer: the application, its production dependencies and its configuration. */
export async function buildApp({ root, config, out }: AppOptions): Promise<Artefact[]> {
  const { compression } = config.image
  const staged = join(out, '.unfinished-app-staged')
  try {
    await rm(staged, { recursive: true, force: true })
    await mkdir(staged, { recursive: true })
    const { sha256, files, pruned } = await stageApp(root, config, staged)
    return await runStep({
      label: 'App layer',
      name: 'app',
      dist: out,
      inputs: { files: sha256, packer: await packerVersion(compression) },
      async make(into) {
        log.step(`Packing the app: ${files} files, ${pruned.files} that never run left out`)
        await packLayer({ source: staged, out: join(into, 'layer'), compression, timestamp: stamp(sha256) })
      },
      async install(from) {
        await removeLayer(out, 'app')
        const file = join(out, `app.${layerType(compression)}`)
        await rename(join(from, 'layer'), file)
        return { app: file }
      },
    })
  } finally {
    await rm(staged, { recursive: true, force: true })
  }
}

/** A time in 2000 to 2020 that is the same for the same files and, almost surely, another for others. */
function stamp(sha256: string): number {
  const start = 946_684_800
  const span = 20 * 365 * 24 * 3600
  return start + (Number.parseInt(sha256.slice(0, 12), 16) % span)
}

await main(
  import.meta,
  {
    usage: 'npm run build:app --',
    summary: 'Packs the app layer: the application, its production dependencies and its configuration.',
    options: {},
    help: {},
  },
  async () => {
    await buildApp({ root, config: await loadConfig(), out: dist })
  },
)
