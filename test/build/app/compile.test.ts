import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { type Plan, planApp } from '../../../build/app/stage.ts'
import { writeTree } from '../../../build/app/tree.ts'
import { configFor, packageOf } from './fixture.ts'

type App = Parameters<typeof configFor>[0]

const modules = join(import.meta.dirname, '../../../node_modules')

/** A repository in which TypeScript is installed. */
function repository(t: Test, files: object): string {
  const root = t.testdir({ 'package.json': '{"type":"module"}', node_modules: {}, ...files })
  for (const name of ['@typescript', '@types', 'undici-types'])
    symlinkSync(join(modules, name), join(root, 'node_modules', name))
  return root
}

const plan = (root: string, app: App = {}): Plan =>
  planApp({ root, config: configFor({ entry: 'app/index.ts', ...app }), node: process.execPath })

/** Writes a plan outside the repository, and runs its entry as the machine does. */
function run(t: Test, { tree }: Plan, entry = 'app/index.ts'): { output: string; staged: string } {
  const staged = join(mkdtempSync(join(tmpdir(), 'nodeos-test-')), 'srv')
  t.teardown(() => rmSync(dirname(staged), { recursive: true }))
  writeTree(tree, staged)
  const conf = tree.get('.nodeos/init.conf')
  const flags = conf?.kind === 'text' && conf.content.includes('arg --enable-source-maps\n')
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...(flags ? ['--enable-source-maps'] : []), join(staged, entry)],
    { cwd: staged, encoding: 'utf8' },
  )
  return { output: stdout + stderr, staged }
}

await t.test('enums, namespaces, parameter properties, import = and decorators run', (t) => {
  const root = repository(t, {
    app: {
      'index.ts': `
import fs = require('node:fs')
import { Color, type Shape } from './color.ts'
namespace Deep { export const x = 1 }
function named(name: string) { return (_: unknown, context: ClassDecoratorContext) => { console.log(name, context.kind) } }
@named('first')
class Point { constructor(readonly x: number, private y = 2) {} sum(): number { return this.x + this.y } }
const shape: Shape = { color: Color.Green }
console.log(Color[0], shape.color, Deep.x, new Point(1).sum(), typeof fs.readFileSync)
`,
      'color.ts': 'export enum Color { Red, Green = "g" }\nexport interface Shape { color: Color }\n',
    },
  })
  const planned = plan(root)
  t.same(planned.warnings, [])
  t.equal(run(t, planned).output, 'first class\nRed g 1 3 function\n')
  t.end()
})

await t.test('decorators get the metadata that tsconfig.json asks for', (t) => {
  const root = repository(t, {
    'tsconfig.json':
      '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true, "target": "es2023" } }',
    app: {
      'index.ts': `
import { Service } from './service'
import { Options } from './options'
const seen: unknown[] = []
Object.assign(Reflect, { metadata: (key: string, value: unknown) => () => { if (key === 'design:paramtypes') seen.push(value) } })
function injectable(): ClassDecorator { return () => {} }
@injectable()
class Controller { constructor(readonly service: Service, readonly options: Options, readonly name: string) {} }
console.log(seen.flat().map((type) => (type as { name: string }).name), new Controller(new Service(), {}, 'a').name)
`,
      'service.ts': 'export class Service {}\n',
      'options.ts': 'export interface Options { a?: 1 }\n',
    },
  })
  t.equal(run(t, plan(root)).output, "[ 'Service', 'Object', 'String' ] a\n")
  t.end()
})

/** A program that fails in its eighth line. */
const failing = (more: string): string =>
  `${more}\n\ninterface A {\n  a: number\n}\nfunction fail(a: A): never {\n  throw new Error(String(a.a))\n}\nfail({ a: 1 })\n`

await t.test("stack traces show the user's lines, and only programs with source maps pay for them", (t) => {
  const root = repository(t, { app: { 'index.ts': failing('enum B { x }') } })
  const { output, staged } = run(t, plan(root))
  t.match(output, `at fail (${join(staged, 'app/index.ts')}:7:9)`)
  t.match(output, 'throw new Error(String(a.a))')
  writeFileSync(join(root, 'app/index.ts'), failing(''))
  const conf = plan(root).tree.get('.nodeos/init.conf')
  t.notMatch(conf?.kind === 'text' && conf.content, /source-maps/)
  writeFileSync(join(root, 'app/index.ts'), failing('enum B { x }'))
  const several = plan(root, { processes: 2 }).tree.get('.nodeos/system.json')
  t.match(several?.kind === 'text' && JSON.parse(several.content), {
    app: { nodeOptions: ['--enable-source-maps'] },
  })
  t.end()
})

await t.test('a type that is imported as if it were a value needs the compiler', (t) => {
  const root = repository(t, {
    app: {
      'index.ts': `import { A, a } from './a'\nexport { A } from './a'\nconst b: A = a\nconsole.log(b)\n`,
      'a.ts': 'export interface A { x: number }\nexport const a: A = { x: 1 }\n',
    },
  })
  t.equal(run(t, plan(root)).output, '{ x: 1 }\n')
  t.end()
})

await t.test('TypeScript that package.json makes CommonJS is compiled to it', (t) => {
  const root = repository(t, {
    app: {
      'package.json': '{"type":"commonjs"}',
      'index.ts': `import { a } from './a'\nimport { sep } from 'node:path'\nconsole.log(a, sep, typeof require)\n`,
      'a.ts': 'export const a: number = 1\n',
      'b.cts': 'export = 1\n',
    },
  })
  t.equal(run(t, plan(root)).output, '1 / function\n')
  t.end()
})

await t.test('JSX is compiled when it is imported', (t) => {
  const root = repository(t, {
    'package.json': '{"type":"module","dependencies":{"react":"1"}}',
    node_modules: {
      react: {
        ...packageOf('react', { exports: { './jsx-runtime': './jsx-runtime.js' } }),
        'jsx-runtime.js': 'exports.jsx = exports.jsxs = (type, props) => ({ type, props })',
      },
    },
    app: {
      'index.ts': `import { Page } from './page.tsx'\nimport { Old } from './old.jsx'\nconsole.log(JSON.stringify([Page({ name: 'x' }), Old()]))\n`,
      'page.tsx': `import { Bold } from './bold'\nexport function Page({ name }: { name: string }) { return <p><Bold />{name}</p> }\n`,
      'bold.tsx': 'export const Bold = () => <b />\n',
      'old.jsx': 'export const Old = () => <i />\n',
      'unused.tsx': `import { dev } from 'dev'\nconst = <`,
    },
  })
  const planned = plan(root)
  t.same(planned.warnings, [])
  t.equal(
    run(t, planned).output,
    '[{"type":"p","props":{"children":[{"props":{}},"x"]}},{"type":"i","props":{}}]\n',
  )
  t.end()
})

await t.test('an invalid file fails the build only if it is reachable', (t) => {
  const root = repository(t, {
    app: {
      'index.ts': `console.log('runs')`,
      'unused.ts': 'enum A { x }\nexport const a: number = A.x\n',
      'broken.ts': '\nconst a: = 1\n',
      'both.ts': 'enum A { x }\n\nconst b = = 1\n',
    },
  })
  const planned = plan(root)
  t.match(planned.warnings.sort(), [
    /^app\/both\.ts:3 is not valid TypeScript: .*; nothing imports it$/,
    /^app\/broken\.ts:2 is not valid TypeScript: Unexpected token `=`; nothing imports it$/,
  ])
  t.equal(run(t, planned).output, 'runs\n')
  t.equal(run(t, planned, 'app/unused.ts').output, '', 'what a name that is made up leads to runs, too')
  for (const [name, line] of [
    ['broken', 2],
    ['both', 3],
  ]) {
    writeFileSync(join(root, 'app/index.ts'), `const { a } = await import('./${name}.ts')`)
    t.throws(() => plan(root), {
      name: 'UserError',
      message: new RegExp(`^app/${name}\\.ts:${line} is not valid TypeScript`),
    })
  }
  t.end()
})

await t.test('without TypeScript, a file that needs it is named', (t) => {
  const root = t.testdir({ 'package.json': '{}', app: { 'index.ts': 'enum A { x }' } })
  t.throws(() => plan(root), {
    message: 'app/index.ts needs the TypeScript compiler, which is not installed',
    hint: 'npm install --save-dev typescript',
  })
  t.end()
})
