import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import type { SystemConfig } from '../config/system.types.ts'
import { layerCompression, loadFormat } from './image/format.ts'
import { UserError } from '../config/lib/errors.ts'
import { withLock } from '../config/lib/lock.ts'
import { log } from '../config/lib/log.ts'
import { main } from '../config/lib/main.ts'
import { dist, root } from '../config/lib/paths.ts'
import { isComplete, readRecord, type StepRecord } from './pipeline/record.ts'
import { type Manifest, summaryTable, writeManifest } from './pipeline/manifest.ts'
import { npmNode } from './runtime/node.ts'
import { installedPackages, packedFolders } from './app/closure.ts'

const layers = ['kernel', 'runtime', 'app'] as const

export interface ImageOptions {
  config: SystemConfig
  /** Folder that holds the layers and gets the manifest, e.g. `dist`. */
  out: string
}

export interface Image {
  manifest: Manifest
  steps: Record<(typeof layers)[number], StepRecord>
}

/** Assembles the configured formats from the layers and writes the manifest that a deploy reads. */
export async function buildImage(options: ImageOptions): Promise<Image> {
  const waiting = (): void => log.info(`Image: waiting for another build in ${options.out}`)
  return withLock(join(options.out, '.unfinished-image.lock'), { waiting }, async () => assemble(options))
}

async function assemble({ config, out }: ImageOptions): Promise<Image> {
  const steps = {
    kernel: await finished(out, 'kernel'),
    runtime: await finished(out, 'runtime'),
    app: await finished(out, 'app'),
  }
  const parts = layers.flatMap((name) => steps[name].artefacts)
  const artefacts = new Map(parts.map((artefact) => [artefact.name, artefact]))
  const images = []
  for (const name of config.image.formats) {
    const format = await loadFormat(name)
    images.push(...(await format.assemble({ config, artefacts, out })))
  }
  const node = await npmNode(config.machine.arch)
  const manifest = await writeManifest(out, [...parts, ...images], {
    config: { ...config, image: { ...config.image, compression: await layerCompression(config) } },
    node: node.version,
    packages: installedPackages(root, packedFolders(config)),
  })
  return { manifest, steps }
}

async function finished(out: string, name: string): Promise<StepRecord> {
  const record = await readRecord(join(out, name))
  if (record !== undefined && (await isComplete(record))) return record
  throw new UserError(`${name} is missing or incomplete in ${out}`, { hint: `npm run build:${name}` })
}

await main(
  import.meta,
  {
    usage: 'npm run build:image --',
    example: 'npm run build:image -- --json',
    summary: 'Assembles the image formats from the layers and writes dist/manifest.json.',
    options: { json: { type: 'boolean' } },
    help: { json: 'print the manifest instead of the summary' },
  },
  async ({ values }) => {
    const { manifest, steps } = await buildImage({ config: await loadConfig(), out: dist })
    if (values.json === true) process.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`)
    else process.stdout.write(summaryTable(manifest, steps))
    log.step('npm run deploy   boots it')
  },
)
