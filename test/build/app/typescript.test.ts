import t from 'tap'
import { isTypeScript, stripTypes } from '../../../build/app/typescript.ts'

await t.test('types are removed, positions stay', (t) => {
  const code = 'import type { A } from "./a.ts"\nexport const a: number = 1 as A\n'
  const stripped = stripTypes(code, 'app/a.ts')
  t.match(stripped, { as: 'javascript', code: /^ *\nexport const a {9}= 1 {5}\n$/ })
  t.equal(stripped.as === 'javascript' && stripped.code.length, code.length)
  t.end()
})

await t.test('warnings are printed, except of experimental features', (t) => {
  const warned: unknown[] = []
  const original = Object.getOwnPropertyDescriptor(process, 'emitWarning')
  t.teardown(() => Object.defineProperty(process, 'emitWarning', original ?? {}))
  process.emitWarning = (warning: unknown): void => void warned.push(warning)
  stripTypes('let a: number', 'a.ts')
  process.emitWarning('kept')
  t.same(warned, ['kept'])
  t.end()
})

await t.test('syntax that cannot be stripped is left to the compiler', (t) => {
  const cases = [
    '\nenum A { x }',
    'namespace A { export const x = 1 }',
    'class A {\n  constructor(private x: number) {}\n}',
    '\n\nimport x = require("x")',
    'export = 1',
    'const a = <T>b',
    '@sealed\nclass A {}',
    '/** @param a */\nexport @sealed() class A {}',
    'class A {\n  x = 1; @bound y(): void {}\n}',
  ]
  for (const code of cases) t.same(stripTypes(code, 'app/a.ts'), { as: 'typescript' }, code)
  t.end()
})

await t.test('invalid TypeScript is reported with file, line and reason', (t) => {
  t.match(stripTypes('\nconst a: = 1', 'app/a.ts'), {
    as: 'broken',
    error: { name: 'UserError', message: /^app\/a\.ts:2 is not valid TypeScript: Unexpected token/ },
  })
  t.end()
})

await t.test('an @ that is not a decorator is ignored', (t) => {
  for (const code of [
    'const css = `\n@media print {}\n`',
    '/**\n * @param a\n */\nconst a = 1',
    'f("x", \' @y\')',
  ]) {
    t.same(stripTypes(code, 'a.ts'), { as: 'javascript', code })
  }
  t.end()
})

await t.test('bugs are not reported as errors of the user', (t) => {
  t.throws(() => stripTypes(1 as unknown as string, 'a.ts'), { name: 'TypeError' })
  t.end()
})

await t.test('which files hold types', (t) => {
  t.same(['a.ts', 'a.mts', 'a.cts', 'a.d.ts', 'a.d.mts', 'a.js', 'a.tsx', 'ts'].map(isTypeScript), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ])
  t.end()
})
