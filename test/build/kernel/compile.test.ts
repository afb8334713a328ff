import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { compile } from '../../../build/kernel/compile.ts'
import { UserError } from '../../../config/lib/errors.ts'

/** A tree whose Makefile has this recipe for the kernel, and what its compilation says. */
async function compileWith(t: Test, recipe: string[], interrupted = new AbortController()) {
  const lines = recipe.map((line) => `\t@${line}\n`).join('')
  const folder = t.testdir({
    tree: { Makefile: `vmlinux:\n${lines}\nbzImage: vmlinux\n\t@echo '  ZSTD22  image'\n` },
  })
  mkdirSync(join(folder, 'logs'))
  const log = join(folder, 'logs/kernel.log')
  const shown: string[] = []
  const error: unknown = await compile(join(folder, 'tree'), {
    jobs: 2,
    log,
    objects: join(folder, 'objects'),
    line: { update: (text) => shown.push(text), done: () => undefined },
    interrupted: interrupted.signal,
  }).catch((error: unknown) => error)
  return { error, shown, log, kept: readFileSync(log, 'utf8') }
}

await t.test('shows the file at work, counts, and keeps all that make prints', async (t) => {
  const { error, shown, kept } = await compileWith(t, [
    "echo '  CC      init/main.o'",
    "echo '  AR      init/built-in.a'",
    "echo 'a line of another kind'",
    "echo 'a warning' >&2",
    'echo "by $(KBUILD_BUILD_USER) at $(KBUILD_BUILD_TIMESTAMP)"',
  ])
  t.equal(error, undefined)
  t.strictSame(
    shown.map((text) => text.trim()),
    ['1 files  init/main.o', '2 files  init/built-in.a', '3 files  image'],
  )
  for (const line of [
    '  CC      init/main.o',
    'a line of another kind',
    'a warning',
    'by nodeos at @1767225600',
  ])
    t.match(kept, line)
})

await t.test('what fails is shown by its first errors, and where the rest is', async (t) => {
  const errors = Array.from({ length: 12 }, (_, index) => `net/core.c:${index + 1}:1: error: no such thing`)
  const { error, log, kept } = await compileWith(t, [
    "echo '  CC      net/core.o'",
    ...errors.map((line) => `echo '${line}' >&2`),
    'exit 1',
  ])
  t.type(error, UserError)
  const { message, hint = '' } = error as UserError
  t.equal(message, 'could not compile the kernel: make exited with status 2')
  t.match(hint, errors.slice(0, 10).join('\n'))
  t.notMatch(hint, errors[10] ?? '')
  t.notMatch(hint, 'CC ')
  t.ok(hint.endsWith(`full output: ${log}`))
  t.match(kept, errors[11] ?? '')
})

await t.test('an interrupt ends the compiler', async (t) => {
  const interrupted = new AbortController()
  setTimeout(() => interrupted.abort(new UserError('interrupted')), 500)
  const { error } = await compileWith(t, ["echo '  CC      a.o'", 'exec sleep 1000000'], interrupted)
  t.match(error, { name: 'UserError', message: 'interrupted' })
})
