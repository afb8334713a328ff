import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { Test } from 'tap'
import { buildApp } from '../../build/app.ts'
import { dist } from '../../config/lib/paths.ts'
import { loadConfig } from '../../config/load.ts'
import { loadRelease } from '../../deploy/release/dist.ts'
import type { Context, Release } from '../../deploy/target.ts'

/** An app that says which version it is, and the secret that its machine was given. */
export const answering = (text: string): string =>
  `import { createServer } from 'node:http'
   const text: string = '${text} ' + (process.env['SECRET'] ?? 'no secret')
   createServer((_request, response) => void response.end(text)).listen(Number(process.env['PORT']))`

/**
 * A release of that app, on the kernel and the runtime of the last build, or of another one.
 *
 * @param system `config/system.json`
 */
export async function appRelease(
  t: Test,
  app: string,
  system: object,
  other?: Release,
): Promise<{ release: Release; context: Context; root: string }> {
  const root = folderOf(t, {
    'package.json': '{"name":"versions","version":"1.2.3","type":"module"}',
    'app/index.ts': app,
    'config/system.json': JSON.stringify(system),
  })
  const config = await loadConfig({ root, env: {} })
  const built = other ?? (await loadRelease(dist))
  config.image.compression = built.manifest.system.image.compression
  const [layer] = await buildApp({ root, config, out: join(root, 'dist') })
  if (layer === undefined) throw new Error('no app layer')
  const own = { ...layer, path: relative(dist, layer.path) }
  const artefacts = [...built.manifest.artefacts.filter(({ name }) => name !== 'app'), own]
  return {
    root,
    release: { dist, manifest: { ...built.manifest, app: '1.2.3', system: config, artefacts } },
    context: contextOf(config, root),
  }
}

/** The context of verbs for a repository, without a user. */
export function contextOf(config: Context['config'], root: string): Context {
  return {
    config,
    state: join(root, 'run'),
    env: {},
    signal: new AbortController().signal,
    fetch,
    print: () => undefined,
  }
}

/** A folder with these files, for as long as the test runs. */
export function folderOf(t: Test, files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'nodeos-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}
