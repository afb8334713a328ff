import t from 'tap'
import { evaluate } from '../../../../kernel/system/control/inspector.ts'

await t.test('values as util.inspect shows them', async (t) => {
  for (const [source, shown] of [
    ['1 + 1', '2'],
    ['-0', '-0'],
    ['10n', '10n'],
    ["'a'", "'a'"],
    ["Symbol('s')", 'Symbol(s)'],
    ['null', 'null'],
    ['undefined', 'undefined'],
    ['({ a: [1] })', '{ a: [ 1 ] }'],
    ['new Map([[1, 2]])', 'Map(1) { 1 => 2 }'],
  ] as const) {
    t.equal(await evaluate(source, false), shown)
  }
  t.equal(await evaluate('1', true), '\u001B[33m1\u001B[39m')
})

await t.test('declarations stay and can be made again', async (t) => {
  await evaluate('const one = await Promise.resolve(1)', false)
  await evaluate('const one = 2', false)
  t.equal(await evaluate('one', false), '2')
})

await t.test('import() finds what a file of the app would', async (t) => {
  t.equal(await evaluate("(await import('node:path')).sep", false), "'/'")
  t.equal(
    await evaluate("typeof (await import('./kernel/contract/node-options.ts')).heapPercentage", false),
    "'function'",
  )
  t.equal(await evaluate("typeof (await import ( 'tap' )).test", false), "'function'")
  t.equal(
    await evaluate('({ import() { return 3 } }).import()', false).catch(() => 'no'),
    'no',
    'a known limit',
  )
})

await t.test('what is thrown has its own stack, and the properties of the error', async (t) => {
  for (const colors of [false, true]) {
    t.match(await failure('throw Object.assign(new Error("no"), { code: 7 })', colors), {
      message: 'Error: no',
      stack: /^Error: no\n +at <anonymous>:1:21 \{\n  code: \S*7\S*\n\}$/,
    })
  }
  t.match(await failure('throw 5'), { message: '5', stack: '5' })
  t.match(await failure('await Promise.reject(new TypeError("later"))'), { message: 'TypeError: later' })
  await t.rejects(evaluate(undefined, false), /source must be a string/)
})

async function failure(source: string, colors = false): Promise<unknown> {
  return evaluate(source, colors).catch((error: { failure?: unknown }) => error.failure)
}
