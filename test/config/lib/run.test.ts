import { execFileSync } from 'node:child_process'
import { Writable } from 'node:stream'
import t from 'tap'
import { UserError } from '../../../config/lib/errors.ts'
import { byLine, run, runSync, shellLine, tryRun, tryRunSync } from '../../../config/lib/run.ts'

const purpose = 'test this'
const shell = (script: string): [string, ...string[]] => ['sh', '-c', script]

await t.test('returns what a program prints, and passes input and environment', async (t) => {
  const argv = shell('cat; echo "$WORD $GONE"')
  process.env['GONE'] = 'inherited'
  const options = { purpose, input: 'in\n', env: { WORD: 'word', GONE: undefined } }
  t.equal(await run(argv, options), 'in\nword \n')
  t.equal(runSync(argv, options), 'in\nword \n')
  t.equal(runSync(['echo', '*'], { purpose }), '*\n', 'arguments are not patterns')
})

await t.test('a failure is an error with the end of the output, or a status', async (t) => {
  const argv = shell('echo why >&2; exit 3')
  const error = { message: 'could not test this: sh exited with status 3', hint: 'why' }
  await t.rejects(run(argv, { purpose }), error)
  t.throws(() => runSync(argv, { purpose }), error)
  t.match(await tryRun(argv, { purpose }), { status: 3, stderr: 'why\n' })
  t.match(tryRunSync(argv, { purpose }), { status: 3, stderr: 'why\n' })
  t.match(await tryRun(shell('kill -TERM $$'), { purpose }), { status: 143 })
})

await t.test('a missing program is named', async (t) => {
  const error = { message: "could not find 'no-such-program', which is needed to test this" }
  await t.rejects(tryRun(['no-such-program'], { purpose }), error)
  t.throws(() => tryRunSync(['no-such-program'], { purpose }), error)
})

await t.test('ends a program at the limit or when interrupted', async (t) => {
  const argv = ['sleep', '100'] as const
  await t.rejects(run(argv, { purpose, timeoutMs: 20 }), {
    message: 'could not test this: sleep timed out after 0.02 s',
  })
  const interrupted = AbortSignal.abort(new UserError('stopped by the user'))
  await t.rejects(run(argv, { purpose, signal: interrupted }), { message: 'stopped by the user' })
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 20)
  await t.rejects(run(argv, { purpose, signal: controller.signal }), {
    message: 'could not test this: interrupted',
  })
})

await t.test('streams output by line or into a stream', async (t) => {
  const lines: string[] = []
  await run(shell('printf "a\\nb"; sleep 0.01; echo c'), {
    purpose,
    onStdout: byLine((line) => lines.push(line)),
  })
  t.strictSame(lines, ['a', 'bc'])
  const chunks: Buffer[] = []
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  t.equal(await run(shell('printf "\\377"'), { purpose, stdout }), '')
  t.strictSame(Buffer.concat(chunks), Buffer.from([255]))
  t.equal(await run(shell('printf "\\377"'), { purpose, encoding: 'latin1' }), '\u00FF')
})

await t.test('a shell reads the line as the words it was made of', async (t) => {
  const words = [
    'a b',
    "it's",
    '$HOME `id` $(id)',
    'x\ny',
    '"',
    '\\',
    '',
    '*',
    '#',
    '~',
    'é',
    '!',
    '-a=b,c:d/e',
  ]
  const script = `printf '%s\\0' ${shellLine(words)}`
  t.strictSame(execFileSync('sh', ['-c', script]).toString().split('\0').slice(0, -1), words)
})
