import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { type Plan, planApp } from '../../../build/app/stage.ts'
import { type Tree, writeTree } from '../../../build/app/tree.ts'
import { type App, compile, configFor, library, link, packageOf, paths, plan } from './fixture.ts'
import type { SystemConfig } from '../../../config/system.types.ts'

function textOf({ tree }: Plan, path: string): string {
  const entry = tree.get(path)
  return entry?.kind === 'text' ? entry.content : `${path} is not text`
}

/** A package whose module says its name and what it gets for each of its dependencies. */
function requiring(name: string, of: string[]): Record<string, string> {
  const dependencies = Object.fromEntries(of.map((one) => [one, '*']))
  const required = of.map((one) => `require('${one}')`).join(', ')
  return {
    'package.json': JSON.stringify({ name, version: '1.0.0', dependencies }),
    'index.js': `module.exports = '${name}(' + [${required}] + ')'\n`,
  }
}

function run(folder: string): string {
  return execFileSync(process.execPath, ['app/index.js'], { cwd: folder, encoding: 'utf8' })
}

await t.test('the layer mirrors what the app needs of the repository', (t) => {
  const root = t.testdir({
    'package.json': JSON.stringify({
      name: 'mine',
      version: '1.2.3',
      type: 'module',
      description: 'Orders of the shop',
      engines: { node: '>=22' },
      _moduleAliases: { '@lib': 'app/lib' },
      scripts: { start: 'x' },
      overrides: { dep: '1' },
      workspaces: ['libs/*'],
      allowScripts: { dep: false },
      imports: { '#a': './app/a.js' },
      dependencies: { dep: '1' },
      devDependencies: { dev: '1' },
    }),
    app: { 'index.js': '', deep: { 'page.html': '<p>' }, '.well-known': { x: '1' } },
    config: {
      'system.json': '{}',
      'local.json': '{}',
      'system.schema.json': '{}',
      'load.ts': '',
      'mine.json': '{}',
    },
    build: { 'x.ts': '' },
    shared: { 'a.js': '', 'b.js': '' },
    node_modules: { dep: packageOf('dep'), dev: packageOf('dev') },
  })
  t.same(paths(root, { include: ['shared/a.js', 'build'] }), [
    '.nodeos/init.conf',
    '.nodeos/system.json',
    'app/.well-known/x',
    'app/deep/page.html',
    'app/index.js',
    'build/x.ts',
    'config/mine.json',
    'node_modules/dep/index.js',
    'node_modules/dep/package.json',
    'package.json',
    'shared/a.js',
  ])
  const planned = plan(root)
  t.same(JSON.parse(textOf(planned, 'package.json')), {
    name: 'mine',
    version: '1.2.3',
    type: 'module',
    description: 'Orders of the shop',
    engines: { node: '>=22' },
    _moduleAliases: { '@lib': 'app/lib' },
    imports: { '#a': './app/a.js' },
    dependencies: { dep: '1' },
  })
  t.match(textOf(planned, '.nodeos/init.conf'), /^arg \/bin\/node\n[^]*^arg \/srv\/app\/index\.js$/m)
  t.match(JSON.parse(textOf(planned, '.nodeos/system.json')), {
    hostname: 'test',
    app: { entry: 'app/index.js' },
  })
  t.end()
})

await t.test('the entry must exist and be packed', (t) => {
  const root = t.testdir({ 'package.json': '{}', app: { 'index.js': '' }, src: { 'a.js': '' } })
  t.throws(() => plan(root, { entry: 'app/gone.js' }), {
    message: 'app.entry: app/gone.js does not exist',
  })
  t.throws(() => plan(root, { entry: 'src/a.js' }), {
    message: /src\/a\.js is not packed/,
    hint: /app\.include/,
  })
  t.ok(plan(root, { entry: 'src/a.js', include: ['src'] }))
  t.end()
})

await t.test("types are stripped from the repository's own files only", (t) => {
  const ts = 'export const a: number = 1\n'
  const root = t.testdir({
    'package.json': '{"dependencies":{"lib":"*","dep":"*"}}',
    app: { 'index.ts': ts, deep: { 'a.mts': ts } },
    libs: { lib: { ...packageOf('lib'), 'lib.ts': ts } },
    node_modules: { dep: { ...packageOf('dep'), 'dep.ts': ts } },
  })
  link(root, 'node_modules/lib', '../libs/lib')
  const planned = plan(root, { entry: 'app/index.ts' })
  for (const path of ['app/index.ts', 'app/deep/a.mts', 'libs/lib/lib.ts']) {
    t.equal(textOf(planned, path), 'export const a         = 1\n', path)
  }
  t.equal(planned.tree.get('node_modules/dep/dep.ts')?.kind, 'copy')
  writeFileSync(join(root, 'app/index.ts'), "import './bad.ts'")
  writeFileSync(join(root, 'app/bad.ts'), '\nconst a: = 1')
  t.throws(() => plan(root, { entry: 'app/index.ts' }), {
    message: /^app\/bad\.ts:2 is not valid TypeScript/,
  })
  t.end()
})

await t.test("pruning does not apply to the app's own files, and can be turned off", (t) => {
  const litter = { 'README.md': 'read me', 'index.js.map': '{}', 'index.d.ts': '' }
  const root = t.testdir({
    'package.json': '{"dependencies":{"dep":"*","lib":"*"}}',
    app: { 'index.js': '', ...litter, test: { 'a.js': '' } },
    libs: { lib: { ...packageOf('lib'), ...litter, test: { 'a.js': '' } } },
    node_modules: { dep: { ...packageOf('dep'), ...litter, test: { 'a.js': '' }, LICENSE: 'MIT' } },
  })
  link(root, 'node_modules/lib', '../libs/lib')
  const of = (folder: string, app?: App): string[] =>
    paths(root, app).filter((path) => path.startsWith(folder))
  t.equal(of('app/').length, 4, 'all but the declarations')
  t.equal(of('libs/').length, 5)
  t.same(
    of('node_modules/dep/'),
    ['LICENSE', 'index.js', 'package.json'].map((name) => `node_modules/dep/${name}`),
  )
  t.same(plan(root).pruned, { files: 4, bytes: 9 })
  t.equal(of('node_modules/dep/', { prune: false }).length, 7)
  t.end()
})

await t.test(
  'a package keeps the packages that its publisher bundled deep inside, but not its secrets',
  (t) => {
    const root = t.testdir({
      'package.json': '{"dependencies":{"dep":"*"}}',
      app: { 'index.js': '' },
      node_modules: {
        dep: {
          ...packageOf('dep'),
          dist: { node_modules: { x: { 'index.js': '' } } },
          '.env': 'SECRET=1',
          node_modules: { unused: packageOf('unused') },
        },
      },
    })
    const of = paths(root).filter((path) => path.startsWith('node_modules/'))
    t.same(of, [
      'node_modules/dep/dist/node_modules/x/index.js',
      'node_modules/dep/index.js',
      'node_modules/dep/package.json',
    ])
    t.end()
  },
)

await t.test('LD_LIBRARY_PATH is set only if the layer has libraries', (t) => {
  const root = t.testdir({ 'package.json': '{}', app: { 'index.js': '' } })
  t.notMatch(textOf(plan(root), '.nodeos/init.conf'), /LD_LIBRARY_PATH/)
  const libx = library(join(root, 'host'), 'libx.so.1')
  compile(join(root, 'app/a.node'), { libraries: [libx], flags: [`-Wl,-rpath,${join(root, 'host')}`] })
  const planned = plan(root)
  t.match(textOf(planned, '.nodeos/init.conf'), /^env LD_LIBRARY_PATH=\/srv\/\.nodeos\/lib$/m)
  t.equal(planned.tree.get('.nodeos/lib/libx.so.1')?.kind, 'copy')
  t.end()
})

await t.test('in the written layer Node finds every module that it finds in the repository', (t) => {
  const root = t.testdir({
    'package.json': JSON.stringify({ type: 'module', dependencies: { '@s/a': '*', lib: '*', p: '*' } }),
    app: {
      'index.js': "import a from '@s/a'\nimport lib from 'lib'\nimport p from 'p'\nconsole.log(a, lib, p)\n",
    },
    libs: { lib: { ...requiring('lib', ['c', 'own']), node_modules: { own: packageOf('own') } } },
    node_modules: {
      '@s': { a: { ...requiring('@s/a', ['c']), node_modules: { c: packageOf('c', { version: '2.0.0' }) } } },
      c: packageOf('c'),
      '.pnpm': {
        'p@1': { node_modules: { p: requiring('p', ['q']) } },
        'q@1': { node_modules: { q: packageOf('q') } },
      },
    },
  })
  link(root, 'node_modules/lib', '../libs/lib')
  link(root, 'node_modules/p', '.pnpm/p@1/node_modules/p')
  link(root, 'node_modules/.pnpm/p@1/node_modules/q', '../../q@1/node_modules/q')
  // Outside the repository, so that nothing is found in its node_modules.
  const staged = join(mkdtempSync(join(tmpdir(), 'nodeos-test-')), 'srv')
  t.teardown(() => rmSync(dirname(staged), { recursive: true }))
  writeTree(plan(root).tree, staged)
  t.equal(run(staged), '@s/a(c@2.0.0) lib(c@1.0.0,own@1.0.0) p(q@1.0.0)\n')
  t.equal(run(staged), run(root))
  t.end()
})

await t.test('a package.json that is missing or damaged', (t) => {
  t.throws(() => plan(t.testdir({ app: { 'index.js': '' } })), {
    name: 'UserError',
    message: /missing package\.json/,
  })
  t.throws(() => plan(t.testdir({ 'package.json': '{', app: { 'index.js': '' } })), {
    message: /package\.json is not valid JSON/,
  })
  t.end()
})

const treeOf = (root: string, writable: SystemConfig['app']['writable']): Tree =>
  planApp({ root, config: configFor({ writable }), node: process.execPath }).tree

await t.test(
  'a writable folder is a link in the image, and its contents lie where the machine takes them',
  (t) => {
    const root = t.testdir({
      'package.json': '{}',
      app: {
        'index.js': '',
        '.next': { cache: { 'a.txt': '', link: t.fixture('symlink', 'a.txt') }, 'cache-not.txt': '' },
      },
    })
    const tree = treeOf(root, { 'app/.next/cache': 'tmp', 'app/uploads': 'data' })
    t.same([...tree.keys()].filter((path) => !path.endsWith('.json') && !path.endsWith('.conf')).sort(), [
      '.nodeos/writable/app/.next/cache/a.txt',
      '.nodeos/writable/app/.next/cache/link',
      'app/.next/cache',
      'app/.next/cache-not.txt',
      'app/index.js',
      'app/uploads',
    ])
    t.same(tree.get('app/.next/cache'), { kind: 'link', target: '/tmp/app-writable/app/.next/cache' })
    t.same(tree.get('app/uploads'), { kind: 'link', target: '/data/app-writable/app/uploads' })
    t.same(tree.get('.nodeos/writable/app/.next/cache/link'), {
      kind: 'link',
      target: '.nodeos/writable/app/.next/cache/a.txt',
    })
    const config = tree.get('.nodeos/system.json')
    t.match(config?.kind === 'text' && JSON.parse(config.content), {
      app: { writable: { 'app/.next/cache': 'tmp', 'app/uploads': 'data' } },
    })
    t.throws(() => treeOf(root, { 'app/.next/cache-not.txt': 'tmp' }), {
      name: 'UserError',
      message: 'app.writable: app/.next/cache-not.txt is not a folder',
    })
    t.end()
  },
)
