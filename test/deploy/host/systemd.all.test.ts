import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { unitOf } from '../../../deploy/host/systemd.ts'
import { loadTarget, verb } from '../../../deploy/target.ts'
import { answering } from '../../lib/release.ts'
import { until } from '../../lib/until.ts'
import { answerOf } from '../../lib/world.ts'
import { startHost } from '../../lib/git-host.ts'
import { ownSystemd } from '../../lib/systemd.ts'

const systemd = await ownSystemd(t)
await t.test('systemd keeps the service of a host', { skip: systemd.why }, async (t) => {
  const target = await loadTarget('git')
  const host = await startHost(t, systemd.within)
  const unit = unitOf(host.home)
  const systemctl = (...words: string[]): string => {
    const [bin = '', ...argv] = [...systemd.within, 'systemctl', '--user', ...words]
    return spawnSync(bin, argv, { encoding: 'utf8' }).stdout.trim()
  }
  const servicePid = (): string => systemctl('show', '--property=MainPID', '--value', unit)

  await t.test('as a unit that starts with the host', async (t) => {
    t.match(host.run('restart').stdout, `the service is running: systemd user unit ${unit}`)
    t.equal(systemctl('is-enabled', unit), 'enabled')
    t.equal(systemctl('is-active', unit), 'active')
  })

  const one = await host.release(answering('one'))
  t.match(await target.deploy(one.release, one.context), { text: 'release 1 serves' })
  const machine = async (): Promise<number> => Number((await verb(target, 'status')(one.context)).data['pid'])
  const pid = await machine()

  await t.test('a machine is in a scope of its own', { skip: systemd.noScopes }, async (t) => {
    t.match(readFileSync(`/proc/${pid}/cgroup`, 'latin1'), /\/run-r[0-9a-f]+\.scope$/m)
    t.match(
      readFileSync(`/proc/${pid}/cmdline`, 'latin1'),
      /^\/\S+qemu-system-x86_64\0/,
      'not what has started it',
    )
  })

  await t.test('a service that is killed is started again; the machine goes on', async (t) => {
    const before = servicePid()
    process.kill(Number(before), 'SIGKILL')
    await until('the service is back', () => !['0', before].includes(servicePid()))
    await until('it answers', () => host.run('status').status === 0)
    t.equal(await machine(), pid)
    t.equal(await answerOf(host.port), 'one no secret')
  })

  await t.test('so it does when the service is restarted on purpose', async (t) => {
    t.equal(host.run('restart').status, 0)
    t.equal(await machine(), pid)
  })

  await t.test('nothing is left of it after it is removed', async (t) => {
    t.match(host.run('uninstall', '--yes'), { status: 0, stdout: /to disable that: loginctl disable-linger/ })
    t.equal(systemctl('is-enabled', unit), '')
    t.equal(systemctl('list-units', '--type=scope', '--plain', '--no-legend', 'run-r*'), '')
    t.throws(() => readFileSync(`/proc/${pid}/cmdline`))
  })
})
