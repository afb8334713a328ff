import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Git } from '../../../../deploy/git/git.ts'
import { readOptions } from '../../../../deploy/targets/git/options.ts'
import { Releases } from '../../../../deploy/targets/git/releases.ts'
import { loadTarget, verb } from '../../../../deploy/target.ts'
import { answering } from '../../../lib/release.ts'
import { until } from '../../../lib/until.ts'
import { applianceName, running, startHost } from '../../../lib/git-host.ts'

const target = await loadTarget('git')
const host = await startHost(t)
const one = await host.release(answering('one'))
await target.deploy(one.release, one.context)
const two = await host.release(answering('two'))
two.context.state = one.context.state
const branch = new Git(host.repository)
const killService = `pkill -KILL -f '^[^ ]+ [^ ]+/service[.]ts ${host.home.path}'`

async function answer(): Promise<string> {
  try {
    const response = await fetch(`http://127.0.0.1:${host.port}/`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(5000),
    })
    return await response.text()
  } catch {
    return 'nothing'
  }
}

/** One release serves, it is the one on the branch, and no other machine is left. */
async function serves(t: Test, number: number, text: string): Promise<void> {
  await until(`release ${number} serves`, async () => (await answer()) === `${text} no secret`)
  const { data } = await verb(target, 'status')(one.context)
  t.match(data, { running: true, number })
  t.match(
    await branch.run(['log', '-1', '--format=%s', 'main'], { purpose: 'read' }),
    new RegExp(`^Release ${number}:`),
  )
  await until(
    'one machine is left',
    () => readdirSync(join(host.home.folder(applianceName), 'machines')).length === 1,
  )
}

/** Has git stop while it updates the branch: `prepared` before, `committed` after. */
function atReferenceUpdate(t: Test, state: 'prepared' | 'committed', script: string): void {
  const hook = join(host.repository, 'hooks/reference-transaction')
  writeFileSync(hook, `#!/bin/sh\n[ "$1" = ${state} ] && grep -q refs/heads/main && { ${script}; }\nexit 0\n`)
  chmodSync(hook, 0o755)
  t.teardown(() => rmSync(hook, { force: true }))
}

await t.test('the service is killed while the new machine boots', async (t) => {
  const before = host.log().length
  const deploy = target.deploy(two.release, two.context)
  const machines = join(host.home.folder(applianceName), 'machines')
  await until('it boots', () => readdirSync(machines).some((name) => name.startsWith('2-')))
  t.equal(host.kill(running.service), 1)
  t.match((await deploy).data, { number: 2, serves: true }, 'the next service boots it again')
  await serves(t, 2, 'two')
  t.match(host.log().slice(before), /restarting it/)
})

await t.test(
  'the service is killed when the new machine is well, and the branch is not moved yet',
  async (t) => {
    atReferenceUpdate(t, 'prepared', `${killService}; exit 1`)
    await t.rejects(target.deploy(one.release, one.context), { message: /rejected release 3/ })
    await serves(t, 2, 'two')
  },
)

await t.test('git is killed at that moment, and the service is not', async (t) => {
  atReferenceUpdate(t, 'prepared', 'kill -KILL $PPID')
  await t.rejects(target.deploy(one.release, one.context), { message: /rejected release 3/ })
  await until('it is dropped', () => host.log().includes('the push of release 3 did not complete'))
  await serves(t, 2, 'two')
})

await t.test('the service is killed when the branch is moved, and traffic is not', async (t) => {
  atReferenceUpdate(t, 'committed', killService)
  t.match((await target.deploy(one.release, one.context)).data, { number: 3, serves: true })
  await serves(t, 3, 'one')
})

await t.test('the service is killed while the old machine drains', async (t) => {
  await verb(target, 'rollback')(two.context, 2)
  host.kill(running.service)
  await serves(t, 4, 'two')
})

await t.test('the host goes down: the last good release comes back by itself', async (t) => {
  host.kill(running.supervisor)
  host.kill(running.service)
  t.equal(host.kill(running.machine), 1)
  t.equal(await answer(), 'nothing')
  t.equal(host.run('add', applianceName).status, 0)
  await serves(t, 4, 'two')
})

await t.test('the machine is killed: it is started again', async (t) => {
  host.kill(running.machine)
  await serves(t, 4, 'two')
  t.match((await verb(target, 'status')(one.context)).data, { restarts: 1 })
})

await t.test('a layer on the disk is damaged: git has it', async (t) => {
  const layers = join(host.home.folder(applianceName), 'layers')
  for (const name of readdirSync(layers)) writeFileSync(join(layers, name), 'rot')
  host.kill(running.machine)
  await serves(t, 4, 'two')
  t.match(host.log(), /restoring damaged layers of release 4 from the repository/)
})

await t.test('a push is cut off in the middle', async (t) => {
  const releases = await Releases.fetch(readOptions(one.release.manifest.system.deploy.options), two.context)
  const { commit } = await releases.commitBuilt(one.release)
  const argv = ['-C', releases.git.folder, 'push', 'origin', `${commit}:refs/heads/main`]
  const push = spawn('git', argv, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  push.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  await until('it boots', () => said.includes('Booting release 5'))
  process.kill(-Number(push.pid), 'SIGKILL')
  await once(push, 'exit')
  await serves(t, 4, 'two')
})

await t.test('a push is cut off while its pack is sent', async (t) => {
  const left = (): string[] =>
    readdirSync(join(host.repository, 'objects')).filter((name) => /^(incoming|tmp)/.test(name))
  const before = left()
  const cut = await host.release(`${answering('cut off')}\n// ${randomBytes(64 * 1024).toString('hex')}`)
  const options = readOptions(cut.release.manifest.system.deploy.options)
  const releases = await Releases.fetch(options, two.context)
  const { commit } = await releases.commitBuilt(cut.release)
  const script = 'f() { head -c 3000 | git receive-pack "$1"; }; f'
  const argv = ['push', `--receive-pack=${script}`, 'origin', `${commit}:refs/heads/main`]
  const { status, stderr } = await releases.git.try(argv, { purpose: 'push' })
  t.not(status, 0)
  t.match(stderr, /early EOF|unpack|hung up|disconnect/)
  t.equal(await branch.commitOf(commit), undefined, 'nothing of it is there')
  t.strictSame(left(), before)
  await serves(t, 4, 'two')
})

await t.test('two pushes at once: one is taken', async (t) => {
  const other = { ...two.context, state: `${two.context.state}-other` }
  const results = await Promise.allSettled([
    target.deploy(one.release, two.context),
    target.deploy(one.release, other),
  ])
  const refused = results.filter((result) => result.status === 'rejected')
  t.equal(refused.length, 1)
  const { message, hint } = (refused[0] as PromiseRejectedResult).reason as { message: string; hint: string }
  t.match(`${message} ${hint}`, /another deploy is running|someone else deployed/)
  await serves(t, 5, 'one')
})

await t.test('a clock that is decades wrong changes nothing', async (t) => {
  const date = '2001-01-01T00:00:00Z'
  process.env['GIT_COMMITTER_DATE'] = date
  t.teardown(() => delete process.env['GIT_COMMITTER_DATE'])
  t.match(await target.deploy(two.release, two.context), { data: { number: 6, serves: true } })
  t.match(await branch.run(['log', '-1', '--format=%cI', 'main'], { purpose: 'read' }), /^2001/)
  await serves(t, 6, 'two')
})

await t.test('a health check that flaps is no health', async (t) => {
  const flapping = await host.release(
    `import { createServer } from 'node:http'
     let asked = 0
     createServer((_request, response) => void response.writeHead(asked++ % 2 === 0 ? 200 : 500).end())
       .listen(Number(process.env['PORT']))`,
    { health: { path: '/', timeout: 60 } },
  )
  flapping.context.state = one.context.state
  await t.rejects(target.deploy(flapping.release, flapping.context), {
    message:
      /the check is unstable: it passed \d+ times, never 3 times in a row \(.* rejected release 7; the previous release keeps running\)$/,
  })
  await wait(100)
  await serves(t, 6, 'two')
})
