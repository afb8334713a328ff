import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { installCommand } from '../build/host/distribution.ts'
import { packagesFor } from '../build/host/find.ts'
import { installStages, requirementsFor } from '../build/host/tools.ts'
import { root } from '../build/lib/paths.ts'
import { loadTarget, targetNames } from '../deploy/target.ts'

const readme = readFileSync(join(root, 'README.md'), 'utf8')
const scripts = Object.keys(
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts,
)

await t.test('the packages to install are those that the doctor looks for', async (t) => {
  for (const [mark, stages] of [
    ['apt', installStages],
    ['apt-test', ['test']],
  ] as const) {
    const command = installCommand('apt', packagesFor(requirementsFor(stages), 'apt'), false)
    const shown = new RegExp(`<!-- ${mark}:begin -->\\n+\`\`\`sh\\n([^\`]*)\\n\`\`\``).exec(readme)?.[1] ?? ''
    t.equal(shown.replaceAll(/\s*\\\n\s*/g, ' '), command)
  }
})

await t.test('every command is a script', async (t) => {
  const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name)
  t.ok(named.length > 5)
  t.strictSame(
    named.filter((name) => !scripts.includes(name)),
    [],
  )
})

await t.test('every target is in the table, with its summary', async (t) => {
  for (const name of await targetNames()) {
    const { summary } = await loadTarget(name)
    t.match(readme, new RegExp(`\\| \`${name}\` +\\| ${summary.replaceAll(/[.()]/g, '\\$&')} +\\|`))
  }
})

await t.test('every file that is linked to is there', async (t) => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path)
  t.ok(links.length > 1)
  t.strictSame(
    links.filter((path) => !existsSync(join(root, path))),
    [],
  )
})
