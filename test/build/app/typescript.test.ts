import t from 'tap'
import { isTypeScript, stripTypes } from '../../../build/app/typescript.ts'

await t.test('types go, positions stay', (t) => {
  const code = 'import type { A } from "./a.ts"\nexport const a: number = 1 as A\n'
  const stripped = stripTypes(code, 'app/a.ts')
  t.equal(stripped.length, code.length)
  t.match(stripped, /^ *\nexport const a {9}= 1 {5}\n$/)
  t.end()
})

await t.test('no warning of an experiment reaches the reader, others do', (t) => {
  const warned: unknown[] = []
  const original = Object.getOwnPropertyDescriptor(process, 'emitWarning')
  t.teardown(() => Object.defineProperty(process, 'emitWarning', original ?? {}))
  process.emitWarning = (warning: unknown): void => void warned.push(warning)
  stripTypes('let a: number', 'a.ts')
  process.emitWarning('kept')
  t.same(warned, ['kept'])
  t.end()
})

await t.test('what needs more than stripping is refused with file, line and reason', (t) => {
  const cases: [code: string, expected: RegExp][] = [
    ['\nenum A { x }', /^app\/a\.ts:2 cannot run as it is: TypeScript enum/],
    ['namespace A { export const x = 1 }', /^app\/a\.ts:1 .*namespace/],
    ['class A {\n  constructor(private x: number) {}\n}', /^app\/a\.ts:2 .*parameter property/],
    ['\n\nimport x = require("x")', /^app\/a\.ts:3 .*import equals/],
    ['const a: = 1', /^app\/a\.ts:1 .*Unexpected token/],
    ['@sealed\nclass A {}', /^app\/a\.ts:1 .*decorators/],
    ['/** @param a */\nexport @sealed() class A {}', /^app\/a\.ts:2 .*decorators/],
    ['class A {\n  x = 1; @bound y(): void {}\n}', /^app\/a\.ts:2 .*decorators/],
  ]
  for (const [code, message] of cases) {
    t.throws(
      () => stripTypes(code, 'app/a.ts'),
      { name: 'UserError', message, hint: /Node strips types/ },
      code,
    )
  }
  t.end()
})

await t.test('an @ that is no decorator is left alone', (t) => {
  for (const code of [
    'const css = `\n@media print {}\n`',
    '/**\n * @param a\n */\nconst a = 1',
    'f("x", \' @y\')',
  ]) {
    t.equal(stripTypes(code, 'a.ts'), code)
  }
  t.end()
})

await t.test('bugs are not taken for mistakes of the reader', (t) => {
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
