import t from 'tap'
import { type Plan, planApp } from '../../../build/app/stage.ts'
import { configFor } from './fixture.ts'

const plan = (root: string): Plan => planApp({ root, config: configFor(), node: process.execPath })

await t.test('what the app imports by a name of `imports` is packed, and nothing else of it', (t) => {
  const imports = {
    '#kit/*': './kernel/kit/*.ts',
    '#one': './shared/one.js',
    '#unused/*': './unused/*.js',
    '#dep': 'dep',
    '#by-condition': { node: './unused/x.js' },
  }
  const files = (code: string) => ({
    'package.json': JSON.stringify({ type: 'module', imports }),
    app: { 'index.js': code },
    kernel: { kit: { 'a.ts': 'export const a: number = 1', 'b.ts': '' }, 'other.ts': '' },
    shared: { 'one.js': '', 'two.js': '' },
    unused: { 'x.js': '' },
  })
  const packed = (code: string): string[] =>
    [...plan(t.testdir(files(code))).tree.keys()]
      .sort()
      .filter((path) => !/^(\.nodeos|app|package)/.test(path))
  t.same(packed(`import { a } from '#kit/a'`), ['kernel/kit/a.ts', 'kernel/kit/b.ts'])
  t.same(packed(`import '#one'`), ['shared/one.js'])
  t.same(packed(`const { a } = await import('#kit/a')`), ['kernel/kit/a.ts', 'kernel/kit/b.ts'])
  t.same(packed(`import '#dep'\nimport '#by-condition'\nconst text = '#one'`), [])

  const root = t.testdir({ ...files(`import { a } from '#kit/a'; console.log(a)`), kernel: {} })
  t.throws(() => plan(root), {
    name: 'UserError',
    message: 'imports: there is no file or folder kernel/kit in the repository',
    hint: /package\.json/,
  })
  t.end()
})
