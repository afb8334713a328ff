import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { root } from '../../../config/lib/paths.ts'
import { namespaceCommand, noNamespace } from '../../kernel/fixtures/namespace.ts'

const [bin = '', ...namespace] = namespaceCommand() ?? []
const skip = bin === '' ? noNamespace : false

/**
 * A host without anything in /usr/sbin, and with a systemctl and an apt-get whose every package brings a service
 * that it starts where the policy lets it.
 */
function host(t: Test, prepare = ':') {
  const folder = t.testdir({ bin: {}, enabled: 'old.service enabled enabled\n', started: '', installed: '' })
  const script = (name: string, text: string): void => {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(folder, 'bin', name), 0o755)
  }
  script(
    'systemctl',
    `case $* in
list-unit-files*) cat ${folder}/enabled ;;
*disable*) for unit; do :; done; sed -i "/^$unit /d" ${folder}/enabled ;;
esac`,
  )
  script(
    'apt-get',
    `echo "$*" >> ${folder}/installed
echo 'new.service enabled enabled' >> ${folder}/enabled
[ -x /usr/sbin/policy-rc.d ] && /usr/sbin/policy-rc.d; [ $? = 101 ] || echo new >> ${folder}/started
exit \${STATUS:-0}`,
  )
  const run = (command: string, env: Record<string, string> = {}) => {
    const before = `mount -t tmpfs tmpfs /usr/sbin && { ${prepare}; }`
    const all = `${before} && { ${command}; status=$?; ls /usr/sbin; exit $status; }`
    const { status, stdout, stderr } = spawnSync(bin, [...namespace, 'sh', '-c', all], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, ...env },
    })
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
    return {
      status,
      left: stdout,
      said: stderr,
      enabled: read('enabled'),
      started: read('started'),
      installed: read('installed'),
    }
  }
  return { run }
}

const install = 'sh build/host/without-services.sh apt-get install thing'

await t.test(
  'a service that is installed does not run, and does not start with the host',
  { skip },
  async (t) => {
    const { status, left, enabled, started, installed, said } = host(t).run(install)
    t.equal(status, 0, said)
    t.equal(installed, 'install thing\n')
    t.equal(started, '')
    t.equal(enabled, 'old.service enabled enabled\n', 'one that was there stays')
    t.equal(left, '', 'nothing stays in /usr/sbin')
  },
)

await t.test('nor when apt fails, which is passed on', { skip }, async (t) => {
  const { status, left, enabled } = host(t).run(install, { STATUS: '100' })
  t.equal(status, 100)
  t.equal(left, '')
  t.equal(enabled, 'old.service enabled enabled\n')
})

/** Makes a policy that lets no service start. */
const write = (text: string): string =>
  `printf '#!/bin/sh\\n${text}\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d`

await t.test("a policy of the host's own stays, one of a run that was killed goes", { skip }, async (t) => {
  t.equal(host(t, write('# mine')).run(install).left, 'policy-rc.d\n')
  const mark = /^mark='(.*)'$/m.exec(readFileSync(join(root, 'build/host/without-services.sh'), 'utf8'))?.[1]
  const again = host(t, write(mark ?? '')).run(install)
  t.equal(again.left, '')
  t.equal(again.started, '')
})

await t.test('npm install asks for no daemon, npm test does, and neither starts one', { skip }, async (t) => {
  const skipped = { NODEOS_SKIP_SETUP: '0' }
  const npmInstall = host(t).run(`${process.execPath} build/setup.ts`, skipped)
  t.match(npmInstall.installed, /tzdata/, 'zic is looked for in /usr/sbin')
  t.notMatch(npmInstall.installed, /openssh-server|rsyslog|libvirt-daemon/)
  const npmTest = host(t).run(`${process.execPath} build/setup.ts --test`, skipped)
  t.match(npmTest.installed, /openssh-server/)
  for (const { started, enabled, left } of [npmInstall, npmTest]) {
    t.equal(started, '')
    t.notMatch(enabled, 'new.service')
    t.equal(left, '')
  }
})
