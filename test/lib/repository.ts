import { join } from 'node:path'
import type { Test } from 'tap'
import { describeFile } from '../../build/pipeline/record.ts'
import { runSync } from '../../config/lib/run.ts'
import type { Manifest } from '../../build/pipeline/manifest.ts'
import { loadConfig } from '../../config/load.ts'
import { bootable } from '../../deploy/release/store.ts'
import type { Release } from '../../deploy/target.ts'
import { readOptions } from '../../deploy/targets/git/options.ts'
import { Releases } from '../../deploy/targets/git/releases.ts'
import { contextOf, folderOf } from './release.ts'
import { applianceName, makeKey } from './git-host.ts'

/** A repository of git alone, and releases for it whose layers are words: nothing of them is booted. */
export async function plainWorld(t: Test) {
  const folder = folderOf(t)
  const key = makeKey(folder, 'developer')
  const remote = join(folder, 'plain.git')
  runSync(['git', 'init', '--quiet', '--bare', '--initial-branch=main', remote], {
    purpose: 'make a repository',
  })
  const root = folderOf(t, {
    'package.json': '{"name":"plain","version":"1.2.3","type":"module"}',
    'app/index.ts': 'export {}',
    'config/system.json': JSON.stringify({
      hostname: applianceName,
      deploy: { target: 'git', options: { remote, key } },
    }),
  })
  const config = await loadConfig({ root, env: {} })
  const context = contextOf(config, root)
  return {
    key,
    remote,
    context,
    /** @param replaced of its manifest, as a build would never write it perhaps */
    async release(app: string, replaced: object = {}): Promise<Release> {
      const dist = folderOf(t, { 'kernel/vmlinux': 'kernel', runtime: 'runtime', app })
      const artefacts = await Promise.all(
        bootable.map(async (name) => ({ ...(await describeFile(name, join(dist, name), {})), path: name })),
      )
      const manifest = { version: 1, app: '1.2.3', source: {}, system: structuredClone(config), artefacts }
      return { dist, manifest: { ...manifest, ...replaced } as unknown as Manifest }
    },
    releases: (): Promise<Releases> => Releases.fetch(readOptions(config.deploy.options), context),
  }
}
