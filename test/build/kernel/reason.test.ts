import t from 'tap'
import { compileReason } from '../../../build/kernel/reason.ts'

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
