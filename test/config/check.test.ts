import { join } from 'node:path'
import t from 'tap'
import { checkConfig, configFacts } from '../../config/check.ts'
import { facts, load, refusal } from './fixture.ts'

/** A configuration, and what is said of it: nothing when it is good. */
const cases: [name: string, system: object, said: string[]][] = [
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
    t.same(
      await refusal(t, { system }),
      said.map((line) => `config/system.json: ${line}`),
    )
  })
}

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
