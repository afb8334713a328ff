import t from 'tap'
import { completionSource, completionsOf, isUnfinished, prepare } from '../../../deploy/control/line.ts'

/** The completions of a line, as if this process were the app. */
function complete(line: string): [string[], string] {
  const source = completionSource(line) ?? ''
  // oxlint-disable-next-line no-eval
  return completionsOf(line, `'${String((0, eval)(source))}'`)
}

await t.test('more lines are to come', async (t) => {
  for (const source of [
    'function f() {',
    'foo(',
    '[1,',
    '`a',
    'if (a) {\n  b()',
    '1 +',
    'const r = await f({',
  ]) {
    t.equal(isUnfinished(source), true, source)
  }
  for (const source of [
    '',
    '1 + 1',
    'await f()',
    'const a = 1',
    '}',
    ')',
    'a b',
    'import x from "y"',
    '`a`',
    'f()\n',
  ]) {
    t.equal(isUnfinished(source), false, source)
  }
})

await t.test('braces are an object where they can be one', async (t) => {
  t.equal(prepare('{ a: 1 }\n'), '({ a: 1 })')
  t.equal(prepare('{ a: await f() }'), '({ a: await f() })')
  t.equal(prepare('{ let a = 1; a }'), '{ let a = 1; a }')
  t.equal(prepare('a'), 'a')
})

await t.test('names are completed from what they belong to', async (t) => {
  t.strictSame(complete('1 + Math.sq'), [['Math.sqrt'], 'Math.sq'])
  t.strictSame(complete('Arr')[0], ['Array', 'ArrayBuffer'])
  t.ok(complete('Math.')[0].includes('Math.PI'))
  t.equal(completionSource('f('), undefined)
})
