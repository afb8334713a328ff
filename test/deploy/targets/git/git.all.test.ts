import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Git } from '../../../../deploy/git/git.ts'
import { loadTarget, verb } from '../../../../deploy/target.ts'
import { answering } from '../../../lib/release.ts'
import { until } from '../../../lib/until.ts'
import { hasSystemd } from '../../../../deploy/host/systemd.ts'
import { ownCgroup } from '../../../lib/cgroup.ts'
import { applianceName, startHost } from '../../../lib/git-host.ts'

const target = await loadTarget('git')
const host = await startHost(t)

async function answer(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${host.port}/`, { headers: { connection: 'close' } })
  return response.text()
}

await t.test('releases are commits', async (t) => {
  const one = await host.release(answering('one'))

  await t.test('a first deploy', async (t) => {
    const { text, data } = await target.deploy(one.release, one.context)
    t.equal(text, 'release 1 serves')
    t.match(data, { number: 1, serves: true })
    t.equal(await answer(), 'one no secret')
    t.match(await verb(target, 'status')(one.context), {
      text: /^lb serves release 1: healthy/,
      data: { number: 1, app: '1.2.3' },
    })
  })

  await t.test('without a cgroup the status says loudly that nothing limits the machine', async (t) => {
    const { status, stdout } = host.run('status')
    t.equal(status, 0)
    t.match(stdout, hasSystemd() ? /limits +at most \d+ MiB, / : /limits +NO LIMIT for memory, CPUs, tasks: /)
  })

  const place = ownCgroup(t)
  const skip = hasSystemd() ? 'systemd holds machines here: test/deploy/host/systemd.test.ts' : place.why
  if (skip === false) t.equal(host.run('add', applianceName, '--cgroup', place.folder).status, 0)

  const two = await host.release(answering('two'))
  two.context.state = one.context.state
  await t.test('a second one takes its place, and only what changed is pushed', async (t) => {
    const { data } = await target.deploy(two.release, two.context)
    t.equal(await answer(), 'two no secret')
    const layer = statSync(join(two.root, 'dist/app.erofs')).size
    t.ok(Number(data['bytes']) > 0)
    t.ok(Number(data['bytes']) < layer + 50_000, `${Number(data['bytes'])} bytes for a layer of ${layer}`)
  })

  await t.test('its machine is in a cgroup of its own', { skip }, async (t) => {
    const { data } = await verb(target, 'status')(two.context)
    const own = cgroupsIn(place.folder).filter((name) => /^lb-2-\d+$/.test(name))
    t.equal(own.length, 1)
    const inside = readFileSync(join(place.folder, own[0] ?? '', 'cgroup.procs'), 'utf8')
    t.equal(inside.trim(), String(data['pid']))
    const asked = { memory: 256 + 1280, cpus: 2, tasks: 129 }
    const limited = { memory: 'memory', cpu: 'cpus', pids: 'tasks' } as const
    for (const [controller, name] of Object.entries(limited)) {
      const holds = place.controllers.includes(controller)
      t.equal((data['limits'] as Partial<typeof asked>)[name], holds ? asked[name] : undefined, name)
    }
  })

  await t.test('a rollback is a release of its own, and one back', async (t) => {
    const { data } = await verb(target, 'rollback')(two.context)
    t.match(data, { number: 3, serves: true })
    t.ok(Number(data['bytes']) < 20_000, `${Number(data['bytes'])} bytes`)
    t.equal(await answer(), 'one no secret')
    t.match((await verb(target, 'list')(two.context)).text, /rollback to 1/)
    if (skip === false) await until('one cgroup is left', () => cgroupsIn(place.folder).length === 1)
  })

  await t.test('nothing is left of a machine that was stopped', { skip }, async (t) => {
    await verb(target, 'stop')(two.context)
    t.strictSame(cgroupsIn(place.folder), [])
  })

  await t.test('history is a commit and a tag a release, with what a person wants to know', async (t) => {
    const git = new Git(host.repository)
    const subjects = await git.run(['log', '--format=%s', 'main'], { purpose: 'read' })
    t.strictSame(subjects.split('\n'), [
      'Release 3: back to release 1, lb 1.2.3',
      'Release 2: lb 1.2.3',
      'Release 1: lb 1.2.3',
    ])
    t.match(
      await git.run(['log', '-1', '--format=%B', 'main'], { purpose: 'read' }),
      /^image: sha256:[0-9a-f]{64}$/m,
    )
    t.equal(
      await git.run(['tag', '--list'], { purpose: 'read' }),
      [1, 2, 3].map((n) => `release-${n}`).join('\n'),
    )
  })
})

function cgroupsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('lb-'))
}
