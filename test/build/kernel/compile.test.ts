import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { compile, compileReason, jobsFrom } from '../../../build/kernel/compile.ts'
import { UserError } from '../../../config/lib/errors.ts'
import { availableParallelism } from 'node:os'

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
    line: { update: (text) => shown.push(text), done: () => undefined },
    interrupted: interrupted.signal,
  }).catch((error: unknown) => error)
  return { error, shown, log, kept: readFileSync(log, 'utf8') }
}

await t.test('shows the current file, counts, and logs everything that make prints', async (t) => {
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

t.equal(jobsFrom(undefined), availableParallelism())
t.equal(jobsFrom('1'), 1)
t.equal(jobsFrom('64'), 64)
for (const text of ['two', '0', '', '-1', '1.5', '1e3', '4096', ' 2']) {
  t.throws(() => jobsFrom(text), { name: 'UserError', message: `NODEOS_JOBS: found "${text}"` }, text)
}
t.throws(() => jobsFrom('x', '--jobs'), { message: /^--jobs: / })

const sha = (digit: string): string => digit.repeat(64)
const inputs = {
  source: `linux-source-6.1 sha256:${sha('a')}`,
  compiler: 'gcc 12.2.0',
  arch: 'x64',
  'fragment base': sha('b'),
  'fragment lz4': sha('c'),
  'patch net.patch': sha('d'),
}

await t.test('the first kernel', (t) => {
  t.equal(
    compileReason(undefined, inputs, 2),
    'The kernel is compiled for the first time here: about 10 minutes with 2 jobs; later builds take it from the cache',
  )
  t.match(compileReason(undefined, inputs, 1), /about 20 minutes with 1 job;/)
  t.match(
    compileReason(undefined, inputs, 2, true),
    /less than 10 minutes with 2 jobs and objects of the last one;/,
  )
  t.end()
})

await t.test('a kernel that differs from the last one', (t) => {
  const { 'fragment lz4': lz4, 'patch net.patch': patch, ...rest } = inputs
  const cases: [now: Record<string, string>, why: string][] = [
    [{ ...inputs, 'fragment data': sha('e') }, '"data" in the configuration adds kernel/config/data.config'],
    [
      { ...rest, 'patch net.patch': patch, 'fragment xz': sha('e') },
      '"image.compression" in the configuration drops kernel/config/lz4.config; "image.compression" in the configuration adds kernel/config/xz.config',
    ],
    [
      {
        ...inputs,
        'fragment image-disk': '1',
        'fragment platform-aws': '1',
        'fragment debug': '1',
        'fragment mitigations': '1',
      },
      [
        '"image.formats" in the configuration adds kernel/config/image-disk.config',
        '"kernel.platforms" in the configuration adds kernel/config/platform-aws.config',
        '"kernel.fragments" in the configuration adds kernel/config/debug.config',
        '"kernel.mitigations" in the configuration adds kernel/config/mitigations.config',
      ].join('; '),
    ],
    [{ ...inputs, 'fragment base': sha('e') }, 'kernel/config/base.config changed'],
    [{ ...inputs, compiler: 'gcc 14.2.0' }, 'compiler changed from gcc 12.2.0 to gcc 14.2.0'],
    [
      { ...inputs, source: `linux-6.12.1 sha256:${sha('f')}` },
      'source changed from linux-source-6.1 to linux-6.12.1',
    ],
    [{ ...inputs, source: `linux-source-6.1 sha256:${sha('f')}` }, 'source changed'],
    [
      { ...inputs, 'patch net.patch': sha('e'), 'patch new.patch': '1' },
      'patch net.patch changed; patch new.patch is new',
    ],
    [{ ...rest, 'fragment lz4': lz4 }, 'patch net.patch is gone'],
    [inputs, 'it is no longer in the cache'],
  ]
  for (const [now, why] of cases) {
    t.equal(
      compileReason(inputs, now, 4),
      `The kernel must be compiled: ${why}. This takes about 5 minutes with 4 jobs; later builds take it from the cache`,
    )
  }
  t.end()
})
