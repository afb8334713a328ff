import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Git } from '../../../../deploy/git/git.ts'

await t.test('many objects are read by one git, in their order', async (t) => {
  const git = new Git(t.testdir())
  await git.run(['init', '--quiet', '--bare'], { purpose: 'make a repository' })
  const store = (input: string): Promise<string> =>
    git.run(['hash-object', '-w', '--stdin'], { purpose: 'store a text', input })
  const [one, two] = [await store('grüße\n\n'), await store('')]
  const tree = await git.run(['mktree'], { purpose: 'store', input: `100644 blob ${one}\ta\n` })
  const found = await git.readAll([one, 'nothing', tree, two, `${tree}:a`, `${tree}:b`])
  t.strictSame(found, ['grüße\n\n', undefined, undefined, '', 'grüße\n\n', undefined])
  t.strictSame(await git.readAll([]), [])
})

await t.test('a git that is missing, one that is not executable, one that is interrupted', async (t) => {
  const folder = t.testdir({ empty: {}, bin: {} })
  writeFileSync(join(folder, 'bin/git'), '', { mode: 0o644 })
  const { PATH } = process.env
  t.teardown(() => (process.env['PATH'] = PATH))
  const git = new Git(folder)
  process.env['PATH'] = join(folder, 'empty')
  await t.rejects(git.run(['version'], { purpose: 'try it' }), {
    name: 'UserError',
    message: "could not find 'git', which is needed to try it",
  })
  await t.rejects(git.sha256('HEAD'), { message: /could not find 'git'/ })
  process.env['PATH'] = join(folder, 'bin')
  await t.rejects(git.run(['version'], { purpose: 'try it' }), {
    name: 'UserError',
    message: "could not find 'git', which is needed to try it",
  })
  process.env['PATH'] = PATH
  const abort = new AbortController()
  const slow = new Git(folder, ['alias.slow=!echo begun >&2; sleep 60'], {}, abort.signal)
  const output = new EventTarget()
  const begun = once(output, 'begun')
  const run = slow.run(['slow'], {
    purpose: 'push',
    onStderr: () => output.dispatchEvent(new Event('begun')),
  })
  await begun
  abort.abort()
  await t.rejects(run, { name: 'UserError', message: 'could not push: interrupted' })
  t.ok(slow.interrupted)
})
