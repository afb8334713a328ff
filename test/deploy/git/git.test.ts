import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Git } from '../../../deploy/git/run.ts'
import { loadTarget, verb } from '../../../deploy/target.ts'
import { answering } from '../../fixtures/release.ts'
import { startHost } from './host.ts'

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

  const two = await host.release(answering('two'))
  two.context.state = one.context.state
  await t.test('a second one takes its place, and only what changed is pushed', async (t) => {
    const { data } = await target.deploy(two.release, two.context)
    t.equal(await answer(), 'two no secret')
    const layer = statSync(join(two.root, 'dist/app.erofs')).size
    t.ok(Number(data['bytes']) > 0)
    t.ok(Number(data['bytes']) < layer + 50_000, `${Number(data['bytes'])} bytes for a layer of ${layer}`)
  })

  await t.test('a rollback is a release of its own, and one back', async (t) => {
    const { data } = await verb(target, 'rollback')(two.context)
    t.match(data, { number: 3, serves: true })
    t.ok(Number(data['bytes']) < 20_000, `${Number(data['bytes'])} bytes`)
    t.equal(await answer(), 'one no secret')
    t.match((await verb(target, 'list')(two.context)).text, /as 1/)
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
