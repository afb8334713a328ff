import t from 'tap'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runSync } from '../../config/lib/run.ts'
import { copyRepository } from './workspace.ts'

const packageJson = JSON.stringify({
  scripts: { build: 'echo built > result', fail: 'echo broken >&2; exit 1' },
})

/** A git repository with an ignored file and an uncommitted one. */
function repository(t: Pick<Tap, 'testdir'>): string {
  const root = t.testdir({
    'package.json': packageJson,
    '.gitignore': '.env\nnode_modules/\n',
    '.env': 'SECRET=1',
    app: { 'index.ts': 'export {}\n' },
    config: {},
    node_modules: { library: { 'index.js': '' } },
  })
  runSync(['git', 'init', '--quiet', root], { purpose: 'make a repository' })
  return root
}

type Tap = typeof t

await t.test('copies node_modules and files that git does not ignore', async (t) => {
  const copy = copyRepository(repository(t), process.env)
  t.ok(existsSync(join(copy.root, 'app/index.ts')))
  t.ok(existsSync(join(copy.root, 'node_modules/library/index.js')))
  t.notOk(existsSync(join(copy.root, '.env')))
  copy.remove()
  t.notOk(existsSync(copy.root))
})

await t.test('edits the copy only', async (t) => {
  const root = repository(t)
  const copy = copyRepository(root, process.env)
  t.teardown(() => copy.remove())
  copy.touch('app/index.ts')
  t.match(readFileSync(join(copy.root, 'app/index.ts'), 'utf8'), /^export \{\}\n\n\/\/ \d+\n$/)
  t.equal(readFileSync(join(root, 'app/index.ts'), 'utf8'), 'export {}\n')
})

await t.test('runs and times scripts in the copy, and shows why one failed', async (t) => {
  const copy = copyRepository(repository(t), process.env)
  t.teardown(() => copy.remove())
  t.ok((await copy.npm('build')) > 0)
  t.ok(existsSync(join(copy.root, 'result')))
  await t.rejects(copy.npm('fail'), /npm run fail failed in the copy\nbroken/)
})
