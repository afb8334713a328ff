import { join } from 'node:path'
import { parse } from 'dotenv'
import t, { type Test } from 'tap'
import { parseCommandLine, readMachineSettings } from '../../../kernel/system/machine-settings.ts'

interface Files {
  env?: string
  hostname?: string
  repl?: string
  commandLine?: string
}

function machine(t: Test, files: Files) {
  const folder = t.testdir({
    ...(files.commandLine === undefined ? {} : { cmdline: files.commandLine }),
    firmware: {
      ...(files.env === undefined ? {} : { env: { raw: files.env } }),
      ...(files.hostname === undefined ? {} : { hostname: { raw: files.hostname } }),
      ...(files.repl === undefined ? {} : { repl: { raw: files.repl } }),
    },
  })
  return readMachineSettings({ firmware: join(folder, 'firmware'), commandLine: join(folder, 'cmdline') })
}

await t.test('nothing was given', async (t) => {
  t.strictSame(machine(t, {}), { env: {}, repl: false, problems: [] })
  t.strictSame(machine(t, { commandLine: 'root=/dev/vda ro quiet\n' }), {
    env: {},
    repl: false,
    problems: [],
  })
})

await t.test('only the hypervisor allows a REPL', async (t) => {
  t.equal(machine(t, { repl: '1\0' }).repl, true)
  t.equal(machine(t, { repl: '0' }).repl, false)
  t.equal(machine(t, { commandLine: 'nodeos.repl=1 nodeos.env.NODEOS_REPL=1' }).repl, false)
})

await t.test('the kernel command line', async (t) => {
  t.strictSame(
    parseCommandLine(
      'ro nodeos.hostname=web-1 nodeos.env.A=1 "nodeos.env.B=two words" nodeos.env.C="x y" nodeos.env.D=a=b\n',
    ),
    { hostname: 'web-1', env: { A: '1', B: 'two words', C: 'x y', D: 'a=b' } },
  )
  t.strictSame(parseCommandLine('nodeos.env.EMPTY= xnodeos.env.A=1 nodeos.env=2'), { env: { EMPTY: '' } })
})

await t.test('fw_cfg wins over the kernel command line', async (t) => {
  const found = machine(t, {
    commandLine: 'nodeos.hostname=slow nodeos.env.A=line nodeos.env.B=line',
    env: 'A=firmware\nSECRET="p w"\n',
    hostname: 'fast\n\0',
  })
  t.strictSame(found, {
    hostname: 'fast',
    env: { A: 'firmware', B: 'line', SECRET: 'p w' },
    repl: false,
    problems: [],
  })
})

await t.test('what cannot be used is said without values', async (t) => {
  const found = machine(t, {
    commandLine: 'nodeos.hostname=good.example nodeos.env.NO-NAME=hush',
    env: 'NODE_OPTIONS=--hush\n',
    hostname: '-bad_',
  })
  t.equal(found.hostname, 'good.example')
  t.equal(found.problems.length, 3)
  t.match(
    found.problems.join('\n'),
    /nodeos.env .* invalid variable name[^]*Node reads NODE_OPTIONS before[^]*invalid host name in fw_cfg/,
  )
  t.notMatch(JSON.stringify(found.problems), /hush|NO-NAME|bad_/)
  t.strictSame(found.env, { NODE_OPTIONS: '--hush' })
})

await t.test('a key without quotes is not taken for names, and not a line of it is told', async (t) => {
  const lines = [
    '-----BEGIN PRIVATE KEY-----',
    'MIIEvQIBADAN/Bgkq',
    'x3Sk+d=',
    'Xk3sA=',
    '-----END PRIVATE KEY-----',
  ]
  const found = machine(t, {
    commandLine: 'nodeos.env.A=1',
    env: `FIRST=1\nKEY=${lines.join('\n')}\nLAST=1\n`,
  })
  t.strictSame(found.env, { A: '1' }, 'what follows cannot be told from the key, and its names are printed')
  t.match(found.problems, [/^line 3 of the environment .* in quotes$/])
  t.equal(found.problems.length, 1)
  t.notMatch(JSON.stringify(found), /MIIE|Sk\+d|Xk3sA/)
  const key = lines.join('\n')
  t.strictSame(machine(t, { env: `KEY="${key}" # mine\nLAST=1\n` }).env, { KEY: key, LAST: '1' })
})

await t.test('the environment reads as dotenv reads it', async (t) => {
  const env = [
    'PLAIN=value',
    'SPACES =  around  ',
    'EMPTY=',
    'BLANK= \t ',
    'QUOTED="first= \nA=1"',
    'export EXPORTED=yes',
    'SINGLE=\'a "b" # c\'',
    'DOUBLE="line\\nbreak"',
    "BACKTICK=`it's`",
    'COMMENT=before # after',
    '# COMMENTED=out',
    'URL=postgres://u:p%40@host:5432/db?a=b&c=d',
    'MULTI="first\nsecond"',
    'JSON={"a": [1, 2]}',
    'DOLLAR=$PLAIN ${PLAIN}',
    'BASE64=YWJjZA==',
    '',
  ].join('\n')
  t.strictSame(machine(t, { env }), { env: parse(env), repl: false, problems: [] })
  t.strictSame(machine(t, { env: env.replaceAll('\n', '\r\n') }).env['PLAIN'], 'value')
})
