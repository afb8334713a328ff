import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { initConf } from '../../../kernel/contract/init-conf.ts'
import { loadConfig } from '../../../config/load.ts'
import { compileSanitized, logParts, shellConf } from '../fixtures/init.ts'
import { seeded } from '../fixtures/random.ts'

/** The result of the parsers for a text. */
interface Parsed {
  error?: string
  argv?: string[]
  env?: string[]
  cwd?: string
  exitZero?: number
  backoffInitial?: number
  backoffMax?: number
  crashLoopCount?: number
  crashLoopWindow?: number
  drainTimeout?: number
  found: number
  device: string
  cut: string
}

const parser = compileSanitized(join(t.testdir({}), 'parse'), ['conf', 'event', ...logParts], 'init-parse.c')

/** Runs every text through init's parsers, under the sanitizers; fails when those complain. */
function parseAll(texts: readonly (string | Buffer)[]): Parsed[] {
  const input = texts.flatMap((text) => {
    const bytes = Buffer.from(text)
    return [Buffer.from(`${bytes.length}\n`), bytes]
  })
  const { status, stdout, stderr } = spawnSync(parser, {
    input: Buffer.concat(input),
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`the parser ended with ${status}: ${stderr.toString()}`)
  return stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Parsed)
}

function parse(text: string | Buffer): Parsed {
  return parseAll([text])[0] as Parsed
}

/** How init escapes bytes that are no ASCII. */
function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

const good = shellConf('true')

await t.test('what the build writes is what init reads', async (t) => {
  const config = await loadConfig({ env: {} })
  const parsed = parse(initConf(config, { GREETING: 'héllo = "wörld"', EMPTY: '' }))
  const { restart } = config
  t.match(parsed, {
    cwd: '/srv',
    exitZero: restart.exitZero === 'restart' ? 1 : 2,
    backoffInitial: restart.backoffInitial,
    backoffMax: restart.backoffMax,
    crashLoopCount: restart.crashLoopCount,
    crashLoopWindow: restart.crashLoopWindow,
    drainTimeout: restart.drainTimeout,
  })
  t.equal(parsed.argv?.[0], '/bin/node')
  t.ok(parsed.env?.includes(latin1('GREETING=héllo = "wörld"')))
  t.ok(parsed.env?.includes('EMPTY='))
  t.equal(parsed.env?.filter((entry) => entry.startsWith('PATH=')).length, 1)
})

await t.test('arguments and variables keep their order and their spaces', (t) => {
  const parsed = parse(`# a comment\n\narg /bin/a\narg  b  c \narg #d\nenv A= 1 \nenv B==\n${good}`)
  t.strictSame(parsed.argv?.slice(0, 3), ['/bin/a', ' b  c ', '#d'])
  t.strictSame(parsed.env?.slice(0, 2), ['A= 1 ', 'B=='])
  t.end()
})

await t.test('PATH is /bin when it is not set', (t) => {
  t.strictSame(parse(good.replace('env PATH=/usr/bin:/bin\n', 'env PATHS=1\n')).env, ['PATHS=1', 'PATH=/bin'])
  t.end()
})

await t.test('the last line needs no end', (t) => {
  t.strictSame(parse(good.trimEnd()), { ...parse(good), cut: parse(good.trimEnd()).cut })
  t.end()
})

const lastLine = good.split('\n').length
const bad: [text: string | Buffer, error: string][] = [
  ['', 'missing key arg'],
  ['# nothing\n', 'missing key arg'],
  ['cwd\n', 'line 1: cwd: missing value'],
  ['cwd \n', 'line 1: cwd: missing value'],
  ['arg bin/node\n', 'line 1: arg: the program must be an absolute path'],
  ['\n\ncolour red\n', 'line 3: colour: unknown key'],
  ['Cwd /srv\n', 'line 1: must start with a key'],
  [' cwd /srv\n', 'line 1: must start with a key'],
  ['cwd\t/srv\n', 'line 1: must start with a key'],
  [`${'k'.repeat(33)} 1\n`, 'line 1: must start with a key'],
  [`${'x'.repeat(60_000)}\n`, 'line 1: must start with a key'],
  ['env A=hunter2\nhunter3=hunter4 hunter5\n', 'line 2: must start with a key'],
  ['env\n', 'line 1: env: missing value'],
  ['env hunter2\n', 'line 1: env: must be NAME=value'],
  ['env =hunter2\n', 'line 1: env: must be NAME=value'],
  ['cwd srv\n', 'line 1: cwd: must be an absolute path'],
  ['exit-zero maybe\n', 'line 1: exit-zero: must be restart or poweroff'],
  ['exit-zero restart \n', 'line 1: exit-zero: must be restart or poweroff'],
  [Buffer.from('# a\narg /bin/no\0de\n'), 'line 2: contains a NUL byte'],
  [Buffer.from('\0'), 'line 1: contains a NUL byte'],
  [`${good}cwd /\n`, `line ${lastLine}: cwd: duplicate key`],
  [`${good}exit-zero restart\n`, `line ${lastLine}: exit-zero: duplicate key`],
  ['data 12345678901234567\n', 'line 1: data: must be at most 16 bytes, as ext4 labels are'],
  [`${good}data a\ndata a\n`, `line ${lastLine + 1}: data: duplicate key`],
  [`${good}drain-timeout-s 10\n`, `line ${lastLine}: drain-timeout-s: duplicate key`],
  [`arg /a\n${'arg b\n'.repeat(64)}`, 'line 65: arg: too many arguments'],
  [
    Array.from({ length: 257 }, (_, index) => `env V${index}=x\n`).join(''),
    'line 257: env: too many variables',
  ],
]

await t.test('every wrong line is named, never the value', (t) => {
  const parsed = parseAll(bad.map(([text]) => text))
  bad.forEach(([text, error], index) =>
    t.equal(parsed[index]?.error, error, JSON.stringify(text.toString().slice(0, 60))),
  )
  t.end()
})

await t.test('no key has a silent default', (t) => {
  const keys = [...good.matchAll(/^(?!arg|env)(\S+) .*\n/gm)]
  t.equal(keys.length, 8)
  for (const [line, key] of keys) t.equal(parse(good.replace(line, '')).error, `missing key ${key}`)
  t.end()
})

const ranges: [key: string, least: number, most: number][] = [
  ['backoff-initial-ms', 0, 60_000],
  ['backoff-max-ms', 0, 600_000],
  ['crash-loop-count', 2, 1000],
  ['crash-loop-window-s', 1, 86_400],
  ['drain-timeout-s', 1, 3600],
  ['log-buffer-bytes', 0, 64 * 2 ** 20],
]

await t.test('numbers are whole and in their range', (t) => {
  for (const [key, least, most] of ranges) {
    const wrong = ['', '-1', '+5', ' 5', '5 ', '5.0', '5s', '0x5', '1e2', '५', '9'.repeat(30), '4294967298']
    const values = [...wrong, '18446744073709551618', String(least - 1), String(most + 1)]
    const confs = values.map((value) => good.replace(new RegExp(`^${key} .*$`, 'm'), `${key} ${value}`))
    for (const [index, { error }] of parseAll(confs).entries()) {
      const reason = index === 0 ? 'missing value' : `must be an integer from ${least} to ${most}`
      t.match(error, new RegExp(`^line \\d+: ${key}: ${reason}$`), `${key} ${values[index]}`)
    }
    for (const value of [least, most]) {
      t.notOk(parse(good.replace(new RegExp(`^${key} .*$`, 'm'), `${key} ${value}`)).error, `${key} ${value}`)
    }
  }
  t.end()
})

await t.test('as many arguments and variables as it holds', (t) => {
  const args = Array.from({ length: 64 }, (_, index) => (index === 0 ? '/a' : `a${index}`))
  const env = Array.from({ length: 256 }, (_, index) => `V${index}=${index}`)
  const rest = good.replaceAll(/^(arg|env) .*\n/gm, '')
  const parsed = parse([...args.map((a) => `arg ${a}\n`), ...env.map((e) => `env ${e}\n`), rest].join(''))
  t.strictSame(parsed.argv, args)
  t.strictSame(parsed.env, [...env, 'PATH=/bin'])
  t.end()
})

const commandLines: [text: string, found: number, device: string][] = [
  ['', 0, ''],
  ['nodeos.app=/dev/vdc', 1, '/dev/vdc'],
  ['ro nodeos.app=/dev/vdc quiet\n', 1, '/dev/vdc'],
  ['nodeos.app=/dev/vdc nodeos.app=/dev/vdd', 1, '/dev/vdd'],
  ['xnodeos.app=/dev/vdc nodeos.apps=/dev/vdd nodeos.app', 0, ''],
  ['nodeos.app=', 1, ''],
  ['nodeos.env.A="x nodeos.app=/dev/vdc" ro', 0, ''],
  ['nodeos.env.A="x nodeos.app=/dev/vdc', 0, ''],
  [`nodeos.app=/${'d'.repeat(62)}`, 1, `/${'d'.repeat(62)}`],
  [`nodeos.app=/${'d'.repeat(63)}`, -1, ''],
]

await t.test('the device is found on the kernel command line', (t) => {
  const parsed = parseAll(commandLines.map(([text]) => text))
  commandLines.forEach(([text, found, device], index) => t.match(parsed[index], { found, device }, text))
  t.end()
})

await t.test('random texts: each is read or refused with one message', (t) => {
  const random = seeded(20_260_101)
  const below = (limit: number): number => Math.floor(random() * limit)
  const pieces = [...good.split(/(?<=[ \n=-])/), '\0', '\n', ' ', '"', '\\', '9999999999', 'nodeos.app=', 'é']
  const texts = Array.from({ length: 4000 }, (_, round) => {
    const bytes = Buffer.from(
      round % 2 === 0
        ? good
        : Array.from({ length: below(40) }, () => pieces[below(pieces.length)] ?? '').join(''),
    )
    for (let change = below(4); change > 0 && bytes.length > 0; change--) {
      bytes[below(bytes.length)] = random() < 0.5 ? below(256) : 10 + below(90)
    }
    return bytes.subarray(below(4) === 0 ? below(bytes.length) : 0)
  })
  const parsed = parseAll(texts)
  t.equal(parsed.length, texts.length)
  const message =
    /^(line \d+: ([a-z-]{1,32}: [\w =]+|contains a NUL byte|must start with a key)|missing key [a-z-]+)$/
  const strange = parsed.flatMap((result, index) =>
    result.error === undefined || message.test(result.error) ? [] : [{ ...result, text: texts[index] }],
  )
  t.strictSame(strange, [])
  const accepted = parsed.filter(({ error }) => error === undefined)
  t.ok(accepted.length > 100, `${accepted.length} were accepted`)
  t.ok(parsed.length - accepted.length > 100, 'and others refused')
  for (const { argv, cwd, crashLoopCount } of accepted) {
    if (!argv?.[0]?.startsWith('/') || !cwd?.startsWith('/') || !((crashLoopCount ?? 0) >= 2))
      t.fail(`accepted ${argv?.[0]} in ${cwd}`)
  }
  t.end()
})
