import { join } from 'node:path'
import t from 'tap'
import { checkConfig } from '../../config/check.ts'
import { configFacts } from '../../config/facts.ts'
import { facts, load, refusal } from './fixture.ts'

/** Configurations, and the errors expected for each; none for a valid one. */
const cases: [name: string, system: object, expected: (string | RegExp)[]][] = [
  [
    'a duplicate guest port',
    {
      ports: [
        { guest: 80, host: 1 },
        { guest: 80, host: 2 },
      ],
    },
    ['ports[1].guest: 80/tcp is already used by ports[0]'],
  ],
  [
    'a duplicate host port, once by default',
    { ports: [{ guest: 80 }, { guest: 81, host: 80 }] },
    ['ports[1].host: host port 80/tcp is already used by ports[0]'],
  ],
  [
    'a duplicate port is reported once',
    { ports: [{ guest: 80 }, { guest: 80 }] },
    ['ports[1].guest: 80/tcp is already used by ports[0]'],
  ],
  ['the same number for tcp and udp', { ports: [{ guest: 53 }, { guest: 53, protocol: 'udp' }] }, []],
  [
    'a gateway outside the subnet',
    { network: { mode: 'static', address: '192.0.2.10/24', gateway: '198.51.100.1' } },
    ['network.gateway: must be inside the subnet of network.address (192.0.2.10/24), got "198.51.100.1"'],
  ],
  [
    'a gateway inside the subnet',
    { network: { mode: 'static', address: '192.0.2.10/24', gateway: '192.0.2.1' } },
    [],
  ],
  [
    'static without an address',
    { network: { mode: 'static' } },
    ['network.address: missing; network.mode "static" requires an address such as 192.0.2.10/24'],
  ],
  [
    'a static address with mode dhcp',
    { network: { mode: 'dhcp', address: '192.0.2.10/24', gateway: '192.0.2.1' } },
    [
      'network.address: requires network.mode "static", but network.mode is "dhcp"',
      'network.gateway: requires network.mode "static", but network.mode is "dhcp"',
    ],
  ],
  [
    'an invalid prefix length',
    { network: { mode: 'static', address: '192.0.2.10/33' } },
    [
      'network.address: must be an IPv4 address with a prefix length, such as 192.0.2.10/24, got "192.0.2.10/33"',
    ],
  ],
  [
    'a health check without a tcp port',
    { ports: [{ guest: 53, protocol: 'udp' }] },
    ['ports: must contain a tcp port, because the health check sends its requests to one'],
  ],
  [
    'a health check on an unknown port',
    { ports: [{ guest: 80 }, { guest: 53, protocol: 'udp' }], health: { port: 53 } },
    ['health.port: must be a tcp guest port of ports (80), got 53'],
  ],
  [
    'ports without a network',
    { network: { mode: 'none' }, ports: [{ guest: 80 }] },
    ['ports: must be [] when network.mode is "none", because no connection can reach a port'],
  ],
  ['no network, no ports', { network: { mode: 'none' }, ports: [] }, []],
  [
    'metrics on the port of the app',
    { ports: [{ guest: 80 }], metrics: { port: 80 } },
    ['metrics.port: must differ from port 80, which the app listens on (PORT)'],
  ],
  [
    'metrics on the overridden PORT of the app',
    { ports: [{ guest: 80 }], app: { env: { PORT: '81' } }, metrics: { port: 81 } },
    ['metrics.port: must differ from port 81, which the app listens on (PORT)'],
  ],
  [
    'metrics on the port of the health check',
    { ports: [{ guest: 80 }, { guest: 81 }], health: { port: 81 }, metrics: { port: 81 } },
    ['metrics.port: must differ from port 81, which the app listens on (health.port)'],
  ],
  ['metrics on a port of their own', { ports: [{ guest: 80 }, { guest: 81 }], metrics: { port: 81 } }, []],
  [
    'more variables than init accepts',
    { app: { env: Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`V${index}`, '1'])) } },
    ['app.env: must not have more than 250 variables, got 300'],
  ],
  [
    'more options than init accepts',
    { app: { nodeOptions: Array.from({ length: 64 }, (_, index) => `--require=${index}`) } },
    ['app.nodeOptions: must not have more than 52 options, got 64'],
  ],
  [
    'longer variables than init accepts',
    { app: { env: { LONG: 'é'.repeat(33_000) } } },
    [/^config\/system\.json: app: env and nodeOptions, .* must not exceed 65535 bytes, got 66\d{3}$/],
  ],
  [
    'more memory than the host has',
    { machine: { memory: 8193 } },
    [
      'machine.memory: must be at most 8192 MiB, the memory of this host, because target "local" boots the machine here; got 8193',
    ],
  ],
  ['as much memory as the host has', { machine: { memory: 8192 } }, []],
  ['more memory, on another target', { machine: { memory: 65536 }, deploy: { target: 'ssh' } }, []],
  [
    'an unsupported architecture',
    { machine: { arch: 'arm64' } },
    ['machine.arch: "arm64" is not supported yet; use "x64"'],
  ],
  [
    'unknown fragments, formats and targets',
    {
      kernel: { fragments: ['debgu'], platforms: ['aws', 'azur'] },
      image: { formats: ['direct', 'qcow'] },
      deploy: { target: 'loca' },
    },
    [
      'kernel.fragments[0]: file not found: kernel/config/debgu.config; did you mean "debug"?',
      'kernel.platforms[1]: file not found: kernel/config/platform-azur.config; valid names: aws, gcp',
      'image.formats[1]: file not found: build/formats/qcow.ts; valid names: direct',
      'deploy.target: file not found: deploy/targets/loca.ts or loca/index.ts; did you mean "local"?',
    ],
  ],
  [
    'an entry with the wrong extension',
    { app: { entry: 'app/index.js' } },
    ['app.entry: file not found: app/index.js; did you mean "app/index.ts"?'],
  ],
  [
    'an entry that is not packed',
    { app: { entry: '../index.ts' } },
    ['app.entry: must be a file inside the repository, got "../index.ts"'],
  ],
  [
    'folders that the app may write to',
    { app: { writable: { 'app/cache': 'tmp', 'app/store': 'data' } }, data: {} },
    [],
  ],
  [
    'folders that must stay read-only',
    { app: { writable: { 'app/a': 'data', 'app/b': 'tmp', 'app/b/c': 'tmp', app: 'tmp' } } },
    [
      'app.writable["app/a"]: needs a data disk: set "data"',
      'app.writable["app/a"]: is already writable: it lies in "app"',
      'app.writable["app/b"]: is already writable: it lies in "app"',
      'app.writable["app/b/c"]: is already writable: it lies in "app/b"',
      'app.writable.app: contains app.entry app/index.ts, which stays read-only',
    ],
  ],
  [
    'writable folders outside the repository',
    { app: { writable: { '../x': 'tmp', '/x': 'tmp', 'app/../..': 'tmp', 'app/x': 'disk' } } },
    [
      'app.writable["../x"]: invalid name; must be a folder in the repository, such as app/.next/cache',
      'app.writable["/x"]: invalid name; must be a folder in the repository, such as app/.next/cache',
      'app.writable["app/../.."]: invalid name; must be a folder in the repository, such as app/.next/cache',
      'app.writable["app/x"]: must be "tmp" or "data", got "disk"',
    ],
  ],
  [
    'values with line breaks',
    { app: { env: { A: 'one\ntwo', B: 'a\0b', C: 'fine' }, nodeOptions: ['--fine', '--a\nenv X=1'] } },
    ['app.nodeOptions[1]', 'app.env.A', 'app.env.B'].map(
      (key) =>
        `${key}: must not contain a line break or NUL, because the machine reads its settings line by line`,
    ),
  ],
  ['languages', { runtime: { locales: ['de', 'no', 'fil'] } }, []],
  ['all languages', { runtime: { locales: 'all' } }, []],
  [
    'languages that Node does not have, or has by another code',
    { runtime: { locales: ['en', 'xx', 'iw', 'tl'] } },
    [
      'runtime.locales[1]: must be a language that Node supports, such as "de", got "xx"',
      'runtime.locales[2]: must be "he", the current code of "iw"',
      'runtime.locales[3]: must be "fil", the current code of "tl"',
    ],
  ],
  [
    'languages with regions',
    { runtime: { locales: ['en', 'de-AT', 1] } },
    [
      'runtime.locales[1]: must be the code of a language, such as "de", without a region, got "de-AT"',
      'runtime.locales[2]: must be the code of a language, such as "de", without a region, got 1',
    ],
  ],
  [
    'something else than languages',
    { runtime: { locales: 'de' } },
    [
      'runtime.locales: must be "all" or a list (no duplicates), each item the code of a language, such as "de", without a region, got "de"',
    ],
  ],
  [
    'checks skip values that the schema rejects',
    { ports: [{ guest: 'x' }], health: { port: 1 }, restart: { backoffInitial: 2, backoffMax: 1 } },
    [
      'ports[0].guest: must be an integer from 1 to 65535, got "x"',
      'restart.backoffMax: must be at least restart.backoffInitial (2), got 1',
    ],
  ],
]

for (const [name, system, expected] of cases) {
  await t.test(name, async (t) => {
    if (expected.length === 0) {
      await t.resolves(load(t, { system }))
      return
    }
    const lines = await refusal(t, { system })
    t.equal(lines.length, expected.length, lines.join('\n'))
    for (const [index, line] of expected.entries()) {
      if (line instanceof RegExp) t.match(lines[index], line)
      else t.equal(lines[index], `config/system.json: ${line}`)
    }
  })
}

await t.test('warns of values in the image that look like secrets', async (t) => {
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

await t.test('lists the valid names from the folders', async (t) => {
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

await t.test('finds the fragments of this repository from any root', async (t) => {
  t.match(new Set(configFacts('/').names.fragments), new Set(['base', 'node', 'virtio']))
})
