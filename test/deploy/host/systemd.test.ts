import { join } from 'node:path'
import shell from 'shelljs'
import t from 'tap'
import { Home, usualHome } from '../../../deploy/host/home.ts'
import { unitFile, unitOf } from '../../../deploy/host/systemd.ts'

await t.test('systemd accepts the unit', (t) => {
  const home = new Home('/srv/nodeos')
  if (shell.which('systemd-analyze') === null) {
    t.comment('SKIPPED: systemd-analyze is not on this host, the unit is not checked')
    t.end()
    return
  }
  const folder = t.testdir({ 'nodeos-host.service': unitFile(home, '/srv/app/service.ts') })
  const { code, stderr } = shell.cmd('systemd-analyze', 'verify', join(folder, 'nodeos-host.service'))
  t.equal(code, 0, stderr)
  t.notMatch(stderr, /Unknown|ignoring/i)
  t.end()
})

await t.test('each home has a unit of its own', (t) => {
  t.equal(unitOf(new Home(usualHome)), 'nodeos-host.service')
  const others = ['/srv/nodeos', '/mnt/nodeos', '/srv/two words'].map((path) => unitOf(new Home(path)))
  t.equal(new Set(others).size, 3)
  for (const name of others) t.match(name, /^nodeos-host-[\w-]+-[0-9a-f]{8}\.service$/)
  t.end()
})
