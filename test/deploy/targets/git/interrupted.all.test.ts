import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Git } from '../../../../deploy/git/git.ts'
import { loadTarget } from '../../../../deploy/target.ts'
import { folderOf } from '../../../lib/release.ts'
import { until } from '../../../lib/until.ts'
import { applianceName, startHost } from '../../../lib/git-host.ts'
import { plainWorld } from '../../../lib/repository.ts'

// A machine that never becomes healthy: there is time to interrupt the deploy, and nothing to boot.
const programs = folderOf(t)
writeFileSync(join(programs, 'qemu-system-x86_64'), '#!/bin/sh\nexec sleep 300\n', { mode: 0o755 })
process.env['PATH'] = `${programs}:${process.env['PATH'] ?? ''}`
process.env['NODEOS_ACCEL'] = 'tcg'

await t.test('a deploy that is interrupted while its machine boots: nothing is taken', async (t) => {
  const target = await loadTarget('git')
  const host = await startHost(t)
  const world = await plainWorld(t)
  t.equal(host.run('trust', applianceName, `${world.key}.pub`).status, 0)
  const release = await world.release('app')
  release.manifest.system.deploy.options = { remote: host.repository, key: world.key }
  const abort = new AbortController()
  const ended = target.deploy(release, { ...world.context, signal: abort.signal }).then(
    () => new Error('it was deployed'),
    (error: unknown) => error,
  )
  const machines = join(host.home.folder(applianceName), 'machines')
  const running = (): string[] => {
    try {
      return readdirSync(machines)
    } catch {
      return []
    }
  }
  await until('it boots', () => running().length === 1)
  abort.abort()
  t.match(await ended, { message: 'interrupted while pushing release 1', hint: /deploy:list/ })
  await until('its machine is gone', () => running().length === 0)
  const branch = new Git(host.repository)
  t.equal(await branch.commitOf('refs/heads/main'), undefined)
})
