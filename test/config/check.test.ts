import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkConfig, configFacts } from '../../config/check.ts'
import { initLimits } from '../../config/checks.ts'
import { facts, load, refusal } from './fixture.ts'

/** A configuration, and what is said of it: nothing when it is good. */
const cases: [name: string, system: object, said: (string | RegExp)[]][] = [
  [
    'a port of the machine twice',
    {
      ports: [
        { guest: 80, host: 1 },
        { guest: 80, host: 2 },
      ],
    },
    ['/ports/1/guest: port in the machine 80/tcp is taken by /ports/0 already'],
  ],
  [
    'a port of the host twice, once by default',
    { ports: [{ guest: 80 }, { guest: 81, host: 80 }] },
    ['/ports/1/host: port of the host 80/tcp is taken by /ports/0 already'],
  ],
  [
    'the same port twice is said once',
    { ports: [{ guest: 80 }, { guest: 80 }] },
    ['/ports/1/guest: port in the machine 80/tcp is taken by /ports/0 already'],
  ],
  ['tcp and udp have ports of their own', { ports: [{ guest: 53 }, { guest: 53, protocol: 'udp' }] }, []],
  [
    'a gateway outside the subnet',
    { network: { mode: 'static', address: '192.0.2.10/24', gateway: '198.51.100.1' } },
    ['/network/gateway: found "198.51.100.1", which is outside the subnet of network.address 192.0.2.10/24'],
  ],
  ['a gateway inside', { network: { mode: 'static', address: '192.0.2.10/24', gateway: '192.0.2.1' } }, []],
  [
    'static without an address',
    { network: { mode: 'static' } },
    ['/network/address: is missing: network.mode "static" needs one, such as 192.0.2.10/24'],
  ],
  [
    'an address that DHCP would replace',
    { network: { mode: 'dhcp', address: '192.0.2.10/24', gateway: '192.0.2.1' } },
    [
      '/network/address: is for network.mode "static" only, and it is "dhcp"',
      '/network/gateway: is for network.mode "static" only, and it is "dhcp"',
    ],
  ],
  [
    'a prefix that is none',
    { network: { mode: 'static', address: '192.0.2.10/33' } },
    [
      '/network/address: found "192.0.2.10/33"; allowed: an IPv4 address and prefix length such as 192.0.2.10/24',
    ],
  ],
  [
    'a health check with nothing to ask',
    { ports: [{ guest: 53, protocol: 'udp' }] },
    ['/ports: has no tcp port, and the health check needs one to ask'],
  ],
  [
    'a health check of a port that is not there',
    { ports: [{ guest: 80 }, { guest: 53, protocol: 'udp' }], health: { port: 53 } },
    ['/health/port: found 53, which is no tcp port of the machine; ports has: 80'],
  ],
  [
    'ports without a network',
    { network: { mode: 'none' }, ports: [{ guest: 80 }] },
    ['/ports: must be [] with network.mode "none": nothing can reach them'],
  ],
  ['no network, no ports', { network: { mode: 'none' }, ports: [] }, []],
  [
    'metrics on the port of the app',
    { ports: [{ guest: 80 }], metrics: { port: 80 } },
    ["/metrics/port: found 80, which is the app's own: its PORT"],
  ],
  [
    'metrics on the PORT that the app is given instead',
    { ports: [{ guest: 80 }], app: { env: { PORT: '81' } }, metrics: { port: 81 } },
    ["/metrics/port: found 81, which is the app's own: its PORT"],
  ],
  [
    'metrics on the port of the health check',
    { ports: [{ guest: 80 }, { guest: 81 }], health: { port: 81 }, metrics: { port: 81 } },
    ['/metrics/port: found 81, which is the one that health.port asks the app on'],
  ],
  ['metrics on a further port', { ports: [{ guest: 80 }, { guest: 81 }], metrics: { port: 81 } }, []],
  [
    'more variables than init takes',
    { app: { env: Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`V${index}`, '1'])) } },
    ['/app/env: has 300 variables, and the machine has room for 250'],
  ],
  [
    'more options than init takes',
    { app: { nodeOptions: Array.from({ length: 64 }, (_, index) => `--require=${index}`) } },
    ['/app/nodeOptions: has 64 options, and the machine has room for 52'],
  ],
  [
    'longer variables than init takes',
    { app: { env: { LONG: 'é'.repeat(33_000) } } },
    [/^config\/system\.json: \/app: .* take 66\d{3} bytes, and the machine has room for 65535$/],
  ],
  [
    'more memory than the host has',
    { machine: { memory: 8193 } },
    ['/machine/memory: found 8193; this host has only 8192 MiB, and target "local" runs the machine here'],
  ],
  ['as much memory as the host has', { machine: { memory: 8192 } }, []],
  ['more memory, elsewhere', { machine: { memory: 65536 }, deploy: { target: 'ssh' } }, []],
  [
    'an architecture to come',
    { machine: { arch: 'arm64' } },
    ['/machine/arch: found "arm64", which is not supported yet; allowed: "x64"'],
  ],
  [
    'parts that there are not',
    {
      kernel: { fragments: ['debgu'], platforms: ['aws', 'azur'] },
      image: { formats: ['direct', 'qcow'] },
      deploy: { target: 'loca' },
    },
    [
      '/kernel/fragments/0: there is no kernel/config/debgu.config; did you mean "debug"?',
      '/kernel/platforms/1: there is no kernel/config/platform-azur.config; there is: aws, gcp',
      '/image/formats/1: there is no build/formats/qcow.ts; there is: direct',
      '/deploy/target: there is no deploy/targets/loca.ts or loca/index.ts; did you mean "local"?',
    ],
  ],
  [
    'an entry with another ending',
    { app: { entry: 'app/index.js' } },
    ['/app/entry: there is no file app/index.js; did you mean "app/index.ts"?'],
  ],
  [
    'an entry that is not packed',
    { app: { entry: '../index.ts' } },
    ['/app/entry: found "../index.ts", which is outside the repository'],
  ],
  [
    'folders that the app may write to',
    { app: { writable: { 'app/cache': 'tmp', 'app/store': 'data' } }, data: {} },
    [],
  ],
  [
    'folders that it cannot write to',
    { app: { writable: { 'app/a': 'data', 'app/b': 'tmp', 'app/b/c': 'tmp', app: 'tmp' } } },
    [
      '/app/writable/app~1a: needs a data disk: set "data"',
      '/app/writable/app~1a: lies in "app", which is writable already',
      '/app/writable/app~1b: lies in "app", which is writable already',
      '/app/writable/app~1b~1c: lies in "app/b", which is writable already',
      '/app/writable/app: contains app.entry app/index.ts, which stays read-only',
    ],
  ],
  [
    'folders that are no paths in the repository',
    { app: { writable: { '../x': 'tmp', '/x': 'tmp', 'app/../..': 'tmp', 'app/x': 'disk' } } },
    [
      '/app/writable/..~1x: bad name "../x"; allowed: a folder in the repository, such as app/.next/cache',
      '/app/writable/~1x: bad name "/x"; allowed: a folder in the repository, such as app/.next/cache',
      '/app/writable/app~1..~1..: bad name "app/../.."; allowed: a folder in the repository, such as app/.next/cache',
      '/app/writable/app~1x: found "disk"; allowed: "tmp", "data"',
    ],
  ],
  [
    'texts that are no lines',
    { app: { env: { A: 'one\ntwo', B: 'a\0b', C: 'fine' }, nodeOptions: ['--fine', '--a\nenv X=1'] } },
    ['/app/nodeOptions/1', '/app/env/A', '/app/env/B'].map(
      (pointer) =>
        `${pointer}: holds a line break or NUL, which cannot be carried into the machine: its settings are lines of text`,
    ),
  ],
  [
    'what the schema refuses is not looked at again, the rest is',
    { ports: [{ guest: 'x' }], health: { port: 1 }, restart: { backoffInitial: 2, backoffMax: 1 } },
    [
      '/ports/0/guest: found "x"; allowed: a whole number from 1 to 65535',
      '/restart/backoffMax: found 1, which is less than restart.backoffInitial 2',
    ],
  ],
]

for (const [name, system, said] of cases) {
  await t.test(name, async (t) => {
    if (said.length === 0) {
      await t.resolves(load(t, { system }))
      return
    }
    const lines = await refusal(t, { system })
    t.equal(lines.length, said.length, lines.join('\n'))
    for (const [index, line] of said.entries()) {
      if (line instanceof RegExp) t.match(lines[index], line)
      else t.equal(lines[index], `config/system.json: ${line}`)
    }
  })
}

await t.test('the limits are those of init', async (t) => {
  const header = readFileSync(join(import.meta.dirname, '../../kernel/init/init.h'), 'utf8')
  const limit = (name: string): number =>
    Number(new RegExp(`^#define ${name} (\\d+)$`, 'm').exec(header)?.[1])
  t.same(initLimits, {
    arguments: limit('MAX_ARGS'),
    variables: limit('MAX_ENV'),
    bytes: limit('MAX_CONF') - 1,
  })
})

await t.test('baked values that look like secrets', async (t) => {
  const env = { API_TOKEN: 'x', DB_PASSWORD: 'x', CLIENT_SECRET: 'x', TLS_KEY: 'x', KEYBOARD: 'x', PORT: '1' }
  const config = await load(t, { system: { app: { env } } })
  const { errors, warnings } = checkConfig(config, { ...facts, root: join(import.meta.dirname, '../..') })
  t.same(errors, [])
  t.same(
    warnings.map((warning) => warning.split(' ')[0]),
    ['app.env.API_TOKEN', 'app.env.DB_PASSWORD', 'app.env.CLIENT_SECRET', 'app.env.TLS_KEY'],
  )
  t.match(warnings[0], /when it starts/)
})

await t.test('what there is, is known by listing the folders', async (t) => {
  const repository = t.testdir({
    kernel: { config: { 'base.config': '', 'platform-aws.config': '', 'README.md': '' } },
    build: { formats: { 'raw.ts': '', 'direct.ts': '' } },
    deploy: { targets: { 'local.ts': '', ssh: { 'index.ts': '' }, empty: {}, 'README.md': '' } },
  })
  t.same(configFacts('/', repository).names, {
    fragments: ['base'],
    platforms: ['aws'],
    formats: ['direct', 'raw'],
    targets: ['local', 'ssh'],
  })
})

await t.test('the fragments of this repository are found from anywhere', async (t) => {
  t.match(new Set(configFacts('/').names.fragments), new Set(['base', 'node', 'virtio']))
})
