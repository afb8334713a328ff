import { spawnSync } from 'node:child_process'
import t from 'tap'
import { root } from '../../config/lib/paths.ts'

await t.test('this host has everything that the tests need', async (t) => {
  const { status, stderr } = spawnSync(process.execPath, ['build/setup.ts', '--test'], {
    cwd: root,
    env: { ...process.env, NODEOS_SKIP_SETUP: '1' },
    encoding: 'utf8',
  })
  t.equal(status, 0)
  t.equal(stderr, '', 'npm run doctor   lists what is missing')
})
