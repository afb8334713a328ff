import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../config/load.ts'
import { load, refusal } from './fixture.ts'

await t.test('an empty system.json gives the defaults', async (t) => {
  const config = await load(t)
  t.match(config, {
    hostname: 'nodeos',
    machine: { arch: 'x64', memory: 256, cpus: 1 },
    ports: [{ guest: 8080, protocol: 'tcp' }],
    restart: { drainTimeout: 10 },
  })
})

await t.test('the shipped configuration is valid', async (t) => {
  t.match(await loadConfig({ env: {} }), { app: { entry: 'app/index.ts' }, deploy: { target: 'local' } })
})

await t.test('each source overrides the previous one', async (t) => {
  const config = await load(t, {
    system: { machine: { memory: 101, cpus: 2 }, hostname: 'a', app: { env: { ONE: '1', TWO: '2' } } },
    local: { machine: { memory: 102 }, hostname: 'b', app: { env: { ONE: null } } },
    dotenv: 'NODEOS_MACHINE_MEMORY=103\nNODEOS_HOSTNAME=c\nHOSTNAME=x\n',
    env: { NODEOS_HOSTNAME: 'd' },
  })
  t.same(config.machine, { arch: 'x64', memory: 103, cpus: 2 })
  t.equal(config.hostname, 'd')
  t.same(config.app.env, { TWO: '2' }, 'null in local.json removes a key')
})

await t.test('parses variables as the types of their keys', async (t) => {
  const config = await load(t, {
    env: {
      NODEOS_APP_PROCESSES: 'auto',
      NODEOS_APP_PRUNE: 'false',
      NODEOS_APP_ENV: '{"A":"1"}',
      NODEOS_KERNEL_PLATFORMS: 'aws, gcp',
      NODEOS_KERNEL_FRAGMENTS: '["debug"]',
      NODEOS_KERNEL_CMDLINE: '',
      NODEOS_NETWORK_DNS: '',
      NODEOS_PORTS: '[{"guest":80,"host":3000}]',
      NODEOS_RESTART_DRAIN_TIMEOUT: '20',
      NODEOS_HEALTH_TIMEOUT: '1.5',
      NODEOS_MACHINE: '{"memory":512,"cpus":4}',
      NODEOS_MACHINE_CPUS: '3',
    },
  })
  t.match(config, {
    app: { processes: 'auto', prune: false, env: { A: '1' } },
    kernel: { platforms: ['aws', 'gcp'], fragments: ['debug'], cmdline: '' },
    restart: { drainTimeout: 20 },
    health: { timeout: 1.5 },
    machine: { memory: 512, cpus: 3 },
  })
  t.same(config.network.dns, [])
  t.same(config.ports, [{ guest: 80, host: 3000, protocol: 'tcp' }])
  t.equal((await load(t, { env: { NODEOS_APP_PROCESSES: '2' } })).app.processes, 2)
  const locales = async (text: string): Promise<unknown> =>
    (await load(t, { env: { NODEOS_RUNTIME_LOCALES: text } })).runtime.locales
  t.equal(await locales('all'), 'all')
  t.same(await locales('en,de'), ['en', 'de'])
  t.same(await locales('["ja"]'), ['ja'])
})

await t.test(
  'reports every error at once, each with its source, key, allowed values and value',
  async (t) => {
    const lines = await refusal(t, {
      system: { hostname: 'A_b', machine: { memroy: 128 }, restart: { backoffInitial: 9000 } },
      local: { image: { compression: 'zst' }, machine: { cpus: 0 } },
      dotenv: 'NODEOS_NETWORK_DNS=192.0.2.1,dns\n',
      env: {
        NODEOS_ACEL: 'kvm',
        NODEOS_MACHINE_MEMORY: 'lots',
        NODEOS_APP_PROCESSES: 'all',
        NODEOS_PORTS: '[{"host":80},{"guest":0}]',
        NODEOS_APP_ENV: '{"a-b":"x","c":3}',
        NODEOS_HEALTH: '{',
      },
    })
    t.same(
      lines.sort(),
      [
        'NODEOS_ACEL: unknown variable; did you mean NODEOS_ACCEL?',
        `NODEOS_HEALTH:1:2: not valid JSON: Expected property name or '}'`,
        'config/system.json: hostname: must be lower-case letters, digits and inner hyphens, at most 63 characters, got "A_b"',
        'config/system.json: machine.memroy: unknown key; did you mean "memory"?',
        'config/local.json: machine.cpus: must be an integer from 1 to 64, got 0',
        'config/local.json: image.compression: must be "auto", "none", "lz4", "zstd" or "xz", got "zst"; did you mean "zstd"?',
        '.env: NODEOS_NETWORK_DNS: network.dns[1]: must be an IPv4 address or an IPv6 address, got "dns"',
        'NODEOS_MACHINE_MEMORY: machine.memory: must be an integer from 48 to 1048576, got "lots"',
        'NODEOS_APP_PROCESSES: app.processes: must be an integer from 1 to 256 or "auto", got "all"',
        'NODEOS_PORTS: ports[0].guest: missing; must be an integer from 1 to 65535',
        'NODEOS_PORTS: ports[1].guest: must be an integer from 1 to 65535, got 0',
        'NODEOS_APP_ENV: app.env["a-b"]: invalid name; must be letters, digits and underscores, not starting with a digit',
        'NODEOS_APP_ENV: app.env.c: must be a string, got 3',
        'restart.backoffMax (default): must be at least restart.backoffInitial (9000), got 5000',
      ].sort(),
    )
  },
)

await t.test('null in system.json is invalid', async (t) => {
  t.same(await refusal(t, { system: { machine: null } }), [
    'config/system.json: machine: must be an object, got null',
  ])
})

await t.test('a document that is not an object', async (t) => {
  t.same(await refusal(t, { system: [] }), ['config/system.json: must be an object, got []'])
})

await t.test('reports file, line and column of invalid JSON, for both files', async (t) => {
  const lines = await refusal(t, { system: '{\n  "hostname": oops\n}\n', local: '{\n  "machine": {\n' })
  t.equal(lines.length, 2)
  t.match(lines[0], /^config\/system\.json:2:15: not valid JSON: Unexpected token 'o'/)
  t.match(lines[1], /^config\/local\.json:3:1: not valid JSON/)
})

await t.test('a missing system.json', async (t) => {
  await t.rejects(load(t, { system: null }), {
    name: 'UserError',
    message: 'config/system.json not found; it describes the machine',
    hint: /git checkout config\/system\.json/,
  })
})

await t.test('checks the options of the target against its schema', async (t) => {
  const deploy = { target: 'ssh', options: { hots: 'a', port: 0 } }
  t.same((await refusal(t, { system: { deploy } })).sort(), [
    'config/system.json: deploy.options.host: missing; must be a host or domain name',
    'config/system.json: deploy.options.hots: unknown key; did you mean "host"?',
    'config/system.json: deploy.options.port: must be an integer of at least 1, got 0',
  ])
  const good = { target: 'ssh', options: { host: 'example.org' } }
  t.same((await load(t, { system: { deploy: good } })).deploy, good)
})

await t.test('loads the configuration without compiling a schema', async (t) => {
  const script = `
    import { createRequire } from 'node:module'
    import { loadConfig } from ${JSON.stringify(join(import.meta.dirname, '../../config/load.ts'))}
    await loadConfig({ env: {} })
    console.log(JSON.stringify(Object.keys(createRequire('/').cache).filter((path) => path.includes('/ajv/'))))`
  const loaded = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  const files = JSON.parse(loaded) as string[]
  t.same(
    files.filter((path) => !path.endsWith('package.json')),
    [],
    'ajv is not loaded',
  )
})
