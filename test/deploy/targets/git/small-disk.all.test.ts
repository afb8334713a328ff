import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { applianceName } from '../../../lib/git-host.ts'
import { plainWorld } from '../../../lib/repository.ts'

await t.test('a push to a host whose disk is too small is refused before anything is touched', async (t) => {
  const world = await plainWorld(t)
  const releases = await world.releases()
  const { commit } = await releases.commitBuilt(await world.release('app'))
  const env = {
    ...process.env,
    HOST: t.testdir(),
    NODE: process.execPath,
    NAME: applianceName,
    SET_UP: join(import.meta.dirname, 'set-up.ts'),
    KEY: `${world.key}.pub`,
    RELEASES: releases.git.folder,
    COMMIT: commit,
  }
  const script = `mount -t tmpfs -o size=32m tmpfs "$HOST"
    unset NODE_OPTIONS
    "$NODE" "$SET_UP" "$HOST" "$NAME" "$KEY"
    if git -C "$RELEASES" push "$HOST/$NAME.git" "$COMMIT:refs/heads/main"; then echo TAKEN; fi
    echo "refs: $(git -C "$HOST/$NAME.git" for-each-ref)"
    echo "objects: $(find "$HOST/$NAME.git/objects" -type f)"
    echo "kept: $(ls "$HOST/$NAME" | xargs)"`
  const { stdout, stderr } = spawnSync('unshare', ['-rm', 'sh', '-ec', script], { encoding: 'utf8', env })
  t.match(stderr, /remote: error: not enough disk space on this host: release 1 needs/)
  t.equal(stdout, 'refs: \nobjects: \nkept: appliance.json push.lock\n')
})
