import { join } from 'node:path'
import shell from 'shelljs'
import t from 'tap'
import { Home } from '../../../deploy/host/layout.ts'
import { unitFile } from '../../../deploy/host/supervise.ts'

await t.test('systemd accepts the unit', (t) => {
  const home = new Home('/srv/nodeos')
  if (shell.which('systemd-analyze') === null) {
    t.comment('SKIPPED: systemd-analyze is not on this host, the unit is not checked')
    t.end()
    return
  }
  const folder = t.testdir({ 'nodeos-host.service': unitFile(home) })
  const { code, stderr } = shell.cmd('systemd-analyze', 'verify', join(folder, 'nodeos-host.service'))
  t.equal(code, 0, stderr)
  t.notMatch(stderr, /Unknown|ignoring/i)
  t.end()
})
