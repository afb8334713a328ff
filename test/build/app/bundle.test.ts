import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { isTraced } from '../../../build/app/bundle.ts'
import { type Plan, planApp } from '../../../build/app/stage.ts'
import { writeTree } from '../../../build/app/tree.ts'
import { configFor, packageOf } from './fixture.ts'

const plan = (root: string, app: Parameters<typeof configFor>[0] = {}): Plan =>
  planApp({ root, config: configFor(app), node: process.execPath })

function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path)
}

/** Writes a plan outside the repository, where nothing else is found, and runs its entry. */
function run(t: Test, { tree }: Plan, entry: string): string {
  const staged = join(mkdtempSync(join(tmpdir(), 'nodeos-test-')), 'srv')
  t.teardown(() => rmSync(dirname(staged), { recursive: true }))
  writeTree(tree, staged)
  return execFileSync(process.execPath, [entry], { cwd: staged, encoding: 'utf8' }).trim()
}

await t.test('a traced bundle is packed unchanged', (t) => {
  const a = packageOf('a', { dependencies: { b: '1' } })
  const files = {
    'server.cjs': "console.log(require('a'), require('linked'))",
    'package.json': '{"name":"traced","dependencies":{"a":"1.0.0","gone":"1"},"devDependencies":{"dev":"1"}}',
    node_modules: {
      a: { ...a, 'README.md': 'kept', 'index.js.map': '{}', 'index.d.ts': '', test: { 'a.js': '' } },
      '.pnpm': { 'linked@1.0.0': { node_modules: { linked: packageOf('linked') } } },
    },
  }
  for (const folder of ['app', 'app/.output/server', 'build/standalone']) {
    const root = t.testdir({ 'package.json': '{"type":"module"}', app: {} })
    const fill = (at: string, tree: object): void => {
      mkdirSync(at, { recursive: true })
      for (const [name, value] of Object.entries(tree)) {
        if (typeof value === 'string') writeFileSync(join(at, name), value)
        else fill(join(at, name), value as object)
      }
    }
    fill(join(root, folder), files)
    link(join(root, folder, 'node_modules/linked'), '.pnpm/linked@1.0.0/node_modules/linked')
    link(join(root, folder, 'node_modules/untraced'), '.pnpm/untraced@1.0.0/node_modules/untraced')
    const entry = `${folder}/server.cjs`
    const planned = plan(root, { entry, include: folder.startsWith('app') ? [] : [folder] })
    t.same(planned.warnings, [], folder)
    for (const path of ['a/README.md', 'a/index.js.map', 'a/index.d.ts', 'a/test/a.js', 'untraced'])
      t.ok(planned.tree.has(`${folder}/node_modules/${path}`), path)
    t.equal(run(t, planned, entry), 'a@1.0.0 linked@1.0.0', folder)
  }
  t.end()
})

await t.test('an installed node_modules is not a traced bundle', (t) => {
  const root = t.testdir({
    'package.json': '{}',
    npm: { node_modules: { '.package-lock.json': '{}', x: packageOf('x') } },
    pnpm: { node_modules: { '.modules.yaml': '', x: packageOf('x') } },
    yarn: { node_modules: { '.yarn-integrity': '', x: packageOf('x') } },
    workspace: { node_modules: { x: packageOf('x') } },
    'pnpm-workspace': { node_modules: {} },
    traced: { node_modules: { x: packageOf('x') } },
    none: {},
    node_modules: { x: packageOf('x'), '.pnpm': { 'x@1.0.0': { node_modules: { x: packageOf('x') } } } },
  })
  link(join(root, 'node_modules/@my/workspace'), '../../workspace')
  link(join(root, 'pnpm-workspace/node_modules/x'), '../../node_modules/.pnpm/x@1.0.0/node_modules/x')
  const folders = ['', 'npm', 'pnpm', 'yarn', 'workspace', 'pnpm-workspace', 'traced', 'none']
  t.same(
    folders.filter((folder) => isTraced(root, folder)),
    ['traced'],
  )
  t.end()
})
