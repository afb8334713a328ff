import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { buildApp } from '../../build/app.ts'
import { loadConfig } from '../../config/load.ts'

/** An application to pack. */
export interface AppSource {
  /** Folder that is its repository; `config/` and `dist/` are made in it. */
  repository: string
  entry: string
  include?: string[]
  nodeOptions?: string[]
  /** Memory of the machine in MiB; defaults to that of the schema. */
  memory?: number
  env: Record<string, string>
}

/**
 * V8's last tier, TurboFan, compiles what runs once a request after some 10,000 requests, nearly all of it at once: who
 * measures before that measures the tier below. With this it does after a thousand; the code is the same.
 */
export const soonCompiled = '--invocation-count-for-turbofan=300'

/** Packs an application for a machine that a measure boots; returns the layer's path. */
export async function appLayer({
  repository,
  entry,
  include = [],
  nodeOptions = [],
  memory,
  env,
}: AppSource): Promise<string> {
  mkdirSync(join(repository, 'config'), { recursive: true })
  const machine = memory === undefined ? {} : { memory }
  const config = { machine, app: { entry, include, nodeOptions, env }, health: { path: '/small' } }
  writeFileSync(join(repository, 'config/system.json'), JSON.stringify(config))
  const out = join(repository, 'dist')
  const system = await loadConfig({ root: repository, env: {} })
  const [app] = await buildApp({ root: repository, config: system, out })
  if (app === undefined) throw new Error(`no app layer was built in ${repository}`)
  return join(out, basename(app.path))
}
