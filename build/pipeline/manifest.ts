import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { SystemConfig } from '../../config/system.types.ts'
import type { Artefact, StepRecord } from './record.ts'
import { findProgram } from '../../config/lib/find.ts'
import { writeJson } from '../../config/lib/json.ts'
import { type Result, tryRunSync } from '../../config/lib/run.ts'
import { root } from '../../config/lib/paths.ts'
import { styleText } from 'node:util'
import { table } from '../../config/lib/table.ts'
import { formatBytes } from '../../config/lib/units.ts'

/** `dist/manifest.json`: describes a build to those who deploy it. */
export interface Manifest {
  version: 1
  /** Version of the application, as package.json says. */
  app: string
  source: {
    /** Commit that the build was made from, or undefined outside git. */
    commit?: string
    /** Whether there were changes beside the commit. */
    dirty?: boolean
  }
  /** e.g. `24.21.0` */
  node: string
  /** e.g. `6.12.117` */
  kernel: string
  /** Packages in the app layer: name and version. */
  packages: Record<string, string>
  system: SystemConfig
  /** Paths relative to the manifest's folder. */
  artefacts: Artefact[]
}

/** The content of a manifest beside the artefacts. */
export interface ManifestFacts {
  config: SystemConfig
  node: string
  packages: Record<string, string>
}

/** Writes `manifest.json` into the folder `out`. */
export async function writeManifest(
  out: string,
  artefacts: Artefact[],
  { config, node, packages }: ManifestFacts,
): Promise<Manifest> {
  const own = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version?: string }
  const manifest: Manifest = {
    version: 1,
    app: own.version ?? '0.0.0',
    source: gitState(),
    node,
    kernel: (await readFile(join(out, 'kernel/version'), 'utf8')).trim(),
    packages,
    system: config,
    artefacts: artefacts.map((artefact) =>
      Object.assign({}, artefact, { path: relative(out, artefact.path) }),
    ),
  }
  await writeJson(join(out, 'manifest.json'), manifest)
  return manifest
}

/** Reads which commit is checked out, and whether there are changes beside it. */
export function gitState(): Manifest['source'] {
  if (findProgram('git') === undefined) return {}
  const head = git('rev-parse', 'HEAD')
  if (head.status !== 0) return {}
  const changes = git('status', '--porcelain')
  return { commit: head.stdout.trim(), dirty: changes.stdout.trim() !== '' }
}

function git(...argv: string[]): Result {
  return tryRunSync(['git', '-C', root, ...argv], { purpose: 'read the commit' })
}

/** Formats the table at the end of a build: size, origin and time of each artefact. */
export function summaryTable(manifest: Manifest, steps: Record<string, StepRecord>): string {
  const rows = manifest.artefacts
    .filter(({ bytes }) => bytes >= 1024)
    .map(({ name, bytes }) => {
      const step = steps[name.split('/')[0] ?? '']
      return [
        name,
        formatBytes(bytes),
        step?.how ?? 'built',
        step === undefined ? '' : `${step.seconds.toFixed(1)} s`,
      ]
    })
  const text = table(['artefact', 'size', 'how', 'time'], rows, [1])
  const { commit, dirty } = manifest.source
  const source =
    commit === undefined ? 'no commit' : commit.slice(0, 12) + (dirty === true ? ' + changes' : '')
  const facts = `Linux ${manifest.kernel} · Node ${manifest.node} · ${Object.keys(manifest.packages).length} packages · ${source}`
  return `\n${text}\n${styleText('dim', facts)}\n\n`
}
