import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Git } from '../../../deploy/git/git.ts'
import { newState, readState } from '../../../deploy/host/state.ts'
import { ReleaseStore } from '../../../deploy/release/store.ts'
import { folderOf } from '../../lib/release.ts'
import { until } from '../../lib/until.ts'
import { applianceName, makeKey, running, startHost } from '../../lib/git-host.ts'
import { plainWorld } from '../../lib/repository.ts'

const host = await startHost(t)
const folder = host.home.folder(applianceName)

await t.test('a killed supervisor ends its service; the next one serves', async (t) => {
  const services = (): number =>
    readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => {
        const words = commandOf(pid)
        return running.service.test(words) && words.includes(host.home.path)
      }).length
  t.equal(services(), 1)
  t.equal(host.kill(running.supervisor), 1)
  await until('the service has ended', () => services() === 0)
  t.equal(host.run('add', applianceName).status, 0)
  t.equal(services(), 1)
  t.match(host.run('status').stdout, /lb: no release is deployed/)
})

await t.test('records that a loss of power truncated', async (t) => {
  const world = await plainWorld(t)
  const releases = await world.releases()
  const { commit } = await releases.commitBuilt(await world.release('app'))
  const refs = [`${commit}:refs/heads/main`, `${commit}:refs/tags/release-1`]
  await new Git(host.repository).run(['fetch', '--quiet', releases.git.folder, ...refs], { purpose: 'fetch' })
  const store = new ReleaseStore(folder)
  await store.add({ number: 1, manifest: (await world.release('app')).manifest }, async (layer, file) =>
    writeFileSync(file, layer.name === 'kernel/vmlinux' ? 'kernel' : layer.name),
  )
  const record = join(folder, 'releases/1.json')
  // Nothing of it is to be booted: it is three words.
  writeFileSync(join(folder, 'state.json'), '{ "stopped": true }')
  for (const file of [record, join(folder, 'releases/2.json')]) writeFileSync(file, '')

  t.equal(host.run('restart').status, 0, 'the service goes on')
  t.match(await store.list(), [{ number: 1, commit }], 'its record comes from the repository again')
  t.match(host.log(), /lb: restored release 1 from the repository/)
  t.match(host.log(), /cannot restore release 2, whose record is unreadable: .* no tag/)

  writeFileSync(join(folder, 'state.json'), '')
  t.strictSame(await readState(host.home, applianceName), newState)
})

await t.test('damaged settings of an appliance do not affect other ones', async (t) => {
  t.equal(host.run('add', 'dns', '--bind', '127.0.0.1').status, 0)
  writeFileSync(join(folder, 'state.json'), '{ "stopped": true }')
  const settings = join(folder, 'appliance.json')
  const whole = readFileSync(settings, 'utf8')
  writeFileSync(settings, '')
  t.equal(host.run('restart').status, 0)
  const { status, stdout } = host.run('status')
  t.equal(status, 1)
  t.match(stdout, /^dns: no release is deployed$/m)
  t.match(stdout, /^lb: \S+appliance\.json:1:1: not valid JSON/m)
  writeFileSync(settings, whole)
  t.equal(host.run('add', 'dns').status, 0, 'the next command takes it up')
  t.match(host.run('status'), { status: 0, stdout: /^lb: /m })
})

await t.test('a name that two keys have, and a key of a name', async (t) => {
  const keys = [1, 2, 3].map(() => `${makeKey(folderOf(t), 'laptop')}.pub`)
  for (const key of keys) t.equal(host.run('trust', applianceName, key).status, 0)
  const [first = ''] = keys
  t.match(host.run('distrust', applianceName, first).stdout, /other keys of that name are still trusted: 2/)
  const { stdout } = host.run('distrust', applianceName, 'laptop')
  t.equal(stdout.match(/^laptop may no longer sign releases of lb: ssh-ed25519 /gm)?.length, 2)
  const allowed = readFileSync(join(host.repository, 'allowed_signers'), 'utf8')
  t.match(allowed, /^developer namespaces="git" ssh-ed25519 \S+\n$/)
})

await t.test('a host with minisign keys reports them and how to change to SSH signatures', (t) => {
  const file = join(host.repository, 'allowed_minisign')
  writeFileSync(file, `minisign-0123 RW${'A'.repeat(54)}\n`)
  const notice = /warning: lb trusts minisign keys[^]*host -- trust lb KEY\.pub[^]*rm \S+allowed_minisign/
  t.match(host.run('status'), { status: 0, stderr: notice })
  t.match(host.run('add', applianceName), { status: 0, stderr: notice })
  const { status, stderr } = host.run('trust', applianceName, file)
  t.equal(status, 1)
  t.match(stderr, /error: not a valid SSH public key/)
  rmSync(file)
  t.notMatch(host.run('status').stderr, 'minisign')
  t.end()
})

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

await t.test('a wrong option creates no appliance, not even half of one', async (t) => {
  const env = join(folderOf(t, { env: 'KEY=-----BEGIN\nx3Sk/d=\n' }), 'env')
  for (const [flag, file, says] of [
    ['--env', env, /--env: .*, line 2: must be NAME=value or a comment/],
    ['--trust', '/nonexistent', /cannot read the public key \/nonexistent/],
  ] as const) {
    const { status, stderr } = host.run('add', 'half', flag, file)
    t.equal(status, 1)
    t.match(stderr, says)
    t.notMatch(stderr, /x3Sk/)
  }
  t.strictSame(
    readdirSync(host.home.path).filter((name) => name.startsWith('half')),
    [],
  )
})
