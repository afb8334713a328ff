import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { blocksIn, readDocument } from './lib/documents.ts'

const { text } = readDocument('CONTRIBUTING.md')
const [, section = ''] = text.split('\n## Upgrade from the template\n')
const [upgrade = ''] = section.split('\n## ')
const [addRemote = '', connect = '', merge = ''] = blocksIn(upgrade, 'sh')
const placeholder = 'https://github.com/TEMPLATE-OWNER/TEMPLATE'

/** Runs shell commands with the placeholder replaced, and npm left out. */
function run(cwd: string, script: string, template = ''): string {
  return execFileSync(
    'bash',
    ['-e', '-u', '-c', `npm() { :; }\n${script.replaceAll(placeholder, template)}`],
    {
      cwd,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        HOME: cwd,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: 'a',
        GIT_AUTHOR_EMAIL: 'a@example.org',
        GIT_COMMITTER_NAME: 'a',
        GIT_COMMITTER_EMAIL: 'a@example.org',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
}

function commit(repository: string, date: string, files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) writeFileSync(join(repository, path), content)
  const at = `GIT_AUTHOR_DATE=${date} GIT_COMMITTER_DATE=${date}`
  run(repository, `git add -A && ${at} git commit -qm change`)
}

await t.test('CONTRIBUTING.md, "Upgrade from the template", without a common history', async (t) => {
  const folder = t.testdir({ template: { app: {}, build: {} } })
  const [template, own] = [join(folder, 'template'), join(folder, 'own')]
  run(template, 'git init -qb main')
  commit(template, '2026-01-01T00:00:00Z', { 'app/index.ts': 'shipped\n', 'build/step.ts': 'one\n' })
  mkdirSync(own)
  for (const name of ['app', 'build']) cpSync(join(template, name), join(own, name), { recursive: true })
  run(own, 'git init -qb main')
  commit(own, '2026-01-02T00:00:00Z', {})
  commit(own, '2026-01-03T00:00:00Z', { 'app/index.ts': 'own\n' })
  commit(template, '2026-01-04T00:00:00Z', { 'build/step.ts': 'two\n', 'build/new.ts': 'new\n' })

  run(own, `${addRemote}${connect}`, template)
  t.equal(readFileSync(join(own, 'build/step.ts'), 'utf8'), 'one\n', 'connecting changes no file')
  run(own, merge, template)
  const content = (path: string): string => readFileSync(join(own, path), 'utf8')
  t.equal(content('app/index.ts'), 'own\n')
  t.equal(content('build/step.ts'), 'two\n')
  t.equal(content('build/new.ts'), 'new\n')

  commit(template, '2026-01-05T00:00:00Z', { 'build/step.ts': 'three\n' })
  run(own, merge, template)
  t.equal(content('build/step.ts'), 'three\n', 'the next upgrade needs no further step')
})
