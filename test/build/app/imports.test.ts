import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { type Plan, planApp } from '../../../build/app/stage.ts'
import { configFor, packageOf } from './fixture.ts'

type App = Parameters<typeof configFor>[0]

const plan = (root: string, app: App = {}): Plan =>
  planApp({ root, config: configFor(app), node: process.execPath })

function textOf({ tree }: Plan, path: string): string | undefined {
  const entry = tree.get(path)
  return entry?.kind === 'text' ? entry.content : undefined
}

/** Lists the packed files outside the app. */
function packed(root: string, app?: App): string[] {
  return [...plan(root, app).tree.keys()].sort().filter((path) => !/^(\.nodeos|app|package)/.test(path))
}

await t.test('what the app imports by a name of `imports` is packed, and nothing else', (t) => {
  const imports = {
    '#kit/*': './kernel/kit/*.ts',
    '#one': './shared/one.js',
    '#unused/*': './unused/*.js',
    '#dep': 'dep',
    '#db': { development: './src/db.dev.js', default: './src/db.js' },
    '#list': [{ browser: './src/browser.js' }, './src/list.js'],
    '#by-kind': { import: './src/import.js', require: './src/require.cjs' },
  }
  const files = (code: string, name = 'index.js') => ({
    'package.json': JSON.stringify({ type: 'module', imports, dependencies: { dep: '1' } }),
    app: { [name]: code },
    kernel: { kit: { 'a.ts': 'export const a: number = 1', 'b.ts': '' }, 'other.ts': '' },
    shared: { 'one.js': '', 'two.js': '' },
    src: {
      'db.js': '',
      'db.dev.js': '',
      'list.js': '',
      'browser.js': '',
      'import.js': '',
      'require.cjs': '',
    },
    unused: { 'x.js': '' },
    node_modules: { dep: packageOf('dep') },
  })
  const dep = new Set(['node_modules/dep/index.js', 'node_modules/dep/package.json'])
  const of = (code: string, app?: App): string[] =>
    packed(t.testdir(files(code, app?.entry?.slice(4))), app).filter((path) => !dep.has(path))
  t.same(of(`import { a } from '#kit/a'`), ['kernel/kit/a.ts'])
  t.same(of(`import '#one'`), ['shared/one.js'])
  t.same(of(`const { a } = await import('#kit/a')`), ['kernel/kit/a.ts'])
  t.same(of(`import '#dep'\nconst text = '#one'`), [])
  t.same(of(`import '#db'`), ['src/db.js'])
  t.same(of(`import '#db'`, { nodeOptions: ['--conditions=development'] }), ['src/db.dev.js'])
  t.same(of(`import '#list'`), ['src/list.js'])
  t.same(of(`import '#by-kind'`), ['src/import.js'])
  t.same(of(`require('#by-kind')`, { entry: 'app/index.cjs' }), ['src/require.cjs'])
  t.throws(() => plan(t.testdir({ ...files(`\nimport { a } from '#kit/a'`), kernel: {} })), {
    name: 'UserError',
    message: /^app\/index\.js:2 imports '#kit\/a', which package\.json does not define/,
    hint: /"imports" in package\.json/,
  })
  t.end()
})

await t.test('files outside app/ are packed when they are imported, directly or not', (t) => {
  const root = t.testdir({
    'package.json': '{"type":"module"}',
    app: {
      'index.ts': [
        `import { greet } from '../lib/greet.ts'`,
        `import type { T } from '../lib/types.ts'`,
        `export { x } from '../lib/x.mjs'`,
        `import { createRequire } from 'node:module'`,
        `const require = createRequire(import.meta.url)`,
        `require('../old/main')`,
        `new Worker(new URL('../lib/worker.ts', import.meta.url))`,
        `const page = new URL('../assets/page.html', import.meta.url)`,
        `const here = new URL('..', import.meta.url)`,
        `const gone = new URL('../gone.html', import.meta.url)`,
      ].join('\n'),
    },
    lib: {
      'greet.ts': `import './deep/a.ts'\nexport const greet: number = 1`,
      'types.ts': '',
      'x.mjs': '',
      'unused.ts': '',
      'worker.ts': `await import('./late.ts')`,
      'late.ts': '',
      deep: { 'a.ts': '' },
    },
    old: {
      'package.json': '{"type":"commonjs"}',
      'main.js': `module.exports = require('./data')`,
      'data.json': '1',
    },
    assets: { 'page.html': '', 'other.html': '' },
  })
  t.same(packed(root, { entry: 'app/index.ts' }), [
    'assets/page.html',
    'lib/deep/a.ts',
    'lib/greet.ts',
    'lib/late.ts',
    'lib/worker.ts',
    'lib/x.mjs',
    'old/data.json',
    'old/main.js',
    'old/package.json',
  ])
  t.same(plan(root, { entry: 'app/index.ts' }).warnings, [])
  t.end()
})

await t.test('an import that must fail stops the build, with file, line and remedy', (t) => {
  const root = t.testdir({
    'package.json': JSON.stringify({ type: 'module', devDependencies: { dev: '1' } }),
    app: {
      'index.js': '',
      'there.js': '',
      sub: { node_modules: { '.package-lock.json': '{}', own: packageOf('own') } },
    },
    '.env': 'SECRET=1',
    node_modules: { dev: packageOf('dev'), hoisted: packageOf('hoisted') },
  })
  const outside = t.testdirName.replace(/[^/]+$/, 'outside.js')
  writeFileSync(outside, '')
  const cases: [code: string, message: RegExp, hint: RegExp][] = [
    [`\nimport './gone.js'`, /^app\/index\.js:2 imports '\.\/gone\.js', which does not exist$/, /generate/],
    [`import './there'`, /'\.\/there', which does not exist/, /whole file name: '\.\/there\.js'/],
    [
      `import '../../outside.js'`,
      /^app\/index\.js:1 imports .*, which is outside the repository$/,
      /package/,
    ],
    [`import ${JSON.stringify(outside)}`, /which is outside the repository$/, /package/],
    [
      `import '../.env'`,
      /which contains secrets: everyone who has the image can read it$/,
      /running machine/,
    ],
    [
      `import 'dev'`,
      /^app\/index\.js:1 imports 'dev', which is a devDependency/,
      /^npm install --save-prod dev$/,
    ],
    [
      `import 'hoisted/index.js'`,
      /which is not a dependency in package\.json/,
      /^npm install --save-prod hoisted$/,
    ],
    [`export * from '@s/none/x.js'`, /'@s\/none\/x\.js', which is not installed$/, /^npm install @s\/none$/],
  ]
  for (const [code, message, hint] of cases) {
    writeFileSync(join(root, 'app/index.js'), code)
    t.throws(() => plan(root), { name: 'UserError', message, hint }, code)
  }
  writeFileSync(join(root, 'app/sub/index.js'), `import 'own'`)
  t.throws(() => plan(root, { entry: 'app/sub/index.js' }), {
    message: /^app\/sub\/index\.js:1 imports 'own', which is installed in app\/sub and not packed$/,
    hint: /^add "app\/sub" to app\.include/,
  })
  t.end()
})

await t.test('an import that may fail is a warning', (t) => {
  const root = t.testdir({
    'package.json': JSON.stringify({ type: 'commonjs', devDependencies: { dev: '1' } }),
    app: {
      'index.js': `try { require('opt') } catch {}\nfunction later() { require('dev'); require('./gone') }\nif (x) import('late')`,
      'unreached.js': `require('dev'); require('opt2'); require('./gone2')`,
      'broken.js': `const x = 1\nconst = 2`,
      'a.test.js': `require('tap'); const = 1`,
      'style.css': 'not { code }',
      'for-browsers.mjs': 'module.exports = 1',
    },
    node_modules: { dev: packageOf('dev') },
  })
  t.same(plan(root).warnings, [
    `app/index.js:1 imports 'opt', which is not installed (npm install opt)`,
    `app/index.js:2 imports 'dev', which is a devDependency in package.json, so it is not packed (npm install --save-prod dev)`,
    `app/index.js:2 imports './gone', which does not exist (correct the path, or generate the file before the build)`,
    `app/index.js:3 imports 'late', which is not installed (npm install late)`,
    `app/broken.js:2 is not valid JavaScript: Unexpected token; nothing imports it`,
  ])
  writeFileSync(join(root, 'app/index.js'), `require('./broken')`)
  t.throws(() => plan(root), { message: /^app\/broken\.js:2 is not valid JavaScript/ })
  t.end()
})

await t.test('names of module-alias are resolved, and packed if they are outside app/', (t) => {
  const root = t.testdir({
    'package.json': JSON.stringify({
      _moduleAliases: { '@lib': 'app/lib', '@shared': 'shared' },
      dependencies: { 'module-alias': '2' },
    }),
    app: {
      'index.cjs': `require('module-alias/register')\nrequire('@lib/greet.cjs')\nrequire('@shared/x')\nrequire('@none/x')`,
      lib: { 'greet.cjs': '' },
    },
    shared: { 'x.js': '', 'y.js': '' },
    node_modules: { 'module-alias': { ...packageOf('module-alias'), 'register.js': '' } },
  })
  const { tree, warnings } = plan(root, { entry: 'app/index.cjs' })
  t.ok(tree.has('shared/x.js'))
  t.notOk(tree.has('shared/y.js'))
  t.same(warnings, [`app/index.cjs:4 imports '@none/x', which is not installed (npm install @none/x)`])
  t.end()
})

await t.test('a file of a dependency that pruning left out is packed when the app imports it', (t) => {
  const root = t.testdir({
    'package.json': '{"type":"module","dependencies":{"dep":"1"}}',
    app: { 'index.js': `import 'dep/test/helper.js'` },
    node_modules: { dep: { ...packageOf('dep'), test: { 'helper.js': '', 'a.js': '' } } },
  })
  t.same(
    packed(root).filter((path) => path.includes('/test/')),
    ['node_modules/dep/test/helper.js'],
  )
  t.end()
})

await t.test('imports without extension are rewritten to file names for Node', (t) => {
  const root = t.testdir({
    'package.json': '{"type":"module"}',
    'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./src/*"], "db": ["./src/db.ts"] } } }',
    app: {
      'index.ts': `import { a } from './a.js'\nimport b from "./b"; import c from './c/index.js'\nimport { x } from '@/x'\nexport * from 'db'\nawait import('./a')`,
      'a.ts': '',
      'b.ts': '',
      'b.js': '',
      c: { 'index.ts': '' },
    },
    src: { 'x.ts': '', 'db.ts': '' },
  })
  const planned = plan(root, { entry: 'app/index.ts' })
  t.equal(
    textOf(planned, 'app/index.ts'),
    `import { a } from './a.ts'\nimport b from './b.ts'; import c from './c/index.ts'\nimport { x } from '../src/x.ts'\nexport * from '../src/db.ts'\nawait import('./a.ts')`,
  )
  t.ok(planned.tree.has('src/x.ts'))
  t.ok(planned.tree.has('src/db.ts'))
  t.end()
})

await t.test('Node looks at the type in package.json, not at the syntax, and so does the build', (t) => {
  const commonJs = `"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.x = 1`
  const root = t.testdir({
    'package.json': '{"type":"module"}',
    app: { 'index.js': `import './old/main.js'`, old: { 'main.js': commonJs } },
  })
  t.throws(() => plan(root), {
    message: 'app/old/main.js:2 is CommonJS, and package.json makes it an ES module',
    hint: 'name it .cjs, or put { "type": "commonjs" } in app/old/package.json',
  })
  writeFileSync(join(root, 'app/old/package.json'), '{"type":"commonjs"}')
  t.same(plan(root).warnings, [])
  writeFileSync(join(root, 'app/old/main.js'), `import 'node:fs'`)
  t.throws(() => plan(root), {
    message: 'app/old/main.js has import or export, and app/old/package.json makes it CommonJS',
    hint: 'name it .mjs, or put { "type": "module" } in app/old/package.json',
  })
  writeFileSync(join(root, 'app/old/package.json'), '{}')
  t.same(plan(root).warnings, [], 'without a type, the syntax decides')
  const both = `(function (f) { typeof exports === 'object' ? module.exports = f() : globalThis.f = f() })(() => 1)`
  writeFileSync(join(root, 'app/index.js'), both)
  t.same(plan(root).warnings, [], 'what asks first runs everywhere')
  t.end()
})

await t.test('a link in app/ to a packed file is followed', (t) => {
  const root = t.testdir({
    'package.json': '{"type":"module"}',
    app: { 'index.js': `import './x.js'` },
    lib: { 'x.js': '' },
  })
  mkdirSync(dirname(join(root, 'app/x.js')), { recursive: true })
  symlinkSync('../lib/x.js', join(root, 'app/x.js'))
  t.same(packed(root), ['lib/x.js'])
  t.end()
})
