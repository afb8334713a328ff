import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import { Balancer } from '../../../app/balancer.ts'
import { checked, type BalancerConfig } from '../../../app/config.ts'
import { ConfigError } from '../../../kernel/kit/config.ts'
import { root } from '../../../config/lib/paths.ts'
import { certify } from '../../lib/certify.ts'
import { seeded } from '../../kernel/fixtures/random.ts'
import { backend, balancer, oneRoute, type TestBalancer } from '../../lib/balancer.ts'
import { Generator, type Schema } from './generate.ts'
import { freePort } from '../../lib/ports.ts'

/** What failed once fails again with `SEED=<the number>`. */
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
t.comment(`SEED=${seed}`)
const generator = new Generator(seeded(seed))
const addresses = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3', '[::1]:4']
const names = ['a.example', 'b.example']
const pairs = [...names, ...names].map((name) => certify(t, name))
const https = await freePort()
const schema = JSON.parse(readFileSync(join(root, 'config/app.schema.json'), 'utf8')) as Schema

await t.test('either rejects a random configuration with a message, or starts with it', (t) => {
  let [refused, started] = [0, 0]
  for (let i = 0; i < 5000; i++) {
    const value = generator.value(schema)
    try {
      const config: BalancerConfig | undefined = check(value)
      if (config === undefined) refused += 1
      else {
        const { pools } = new Balancer(config)
        for (const pool of pools.values()) pool.change([])
        started += 1
      }
    } catch (error) {
      t.fail(`${(error as Error).stack} for ${JSON.stringify(value)}`)
      break
    }
  }
  t.comment(`${refused} refused, ${started} started`)
  t.ok(refused > 100 && started > 100, `${refused} refused, ${started} started`)
  t.end()
})

function check(value: unknown): BalancerConfig | undefined {
  try {
    return checked(value)
  } catch (error) {
    if (error instanceof ConfigError && error.message !== '') return undefined
    throw error
  }
}

await t.test('a rejected change changes nothing, and no input crashes the admin API', async (t) => {
  const certificates = [{ certificate: 'env:CRT', key: 'env:KEY' }]
  const lb = await balancer(
    t,
    {
      ...oneRoute([await backend(t)]),
      listeners: [{ port: await freePort() }, { port: https, protocol: 'https', certificates }],
    },
    { CRT: pairs[0]?.certificate ?? '', KEY: pairs[0]?.key ?? '' },
  )
  const made: Record<string, number> = {}
  let refused = 0
  let certificatesNow = await Promise.all(names.map(shown))
  let before = await state(lb, certificatesNow)
  for (let i = 0; i < 1000; i++) {
    const [method, path, body] = request()
    const response = await lb.change(method, path, body)
    const answer = await response.text()
    // A handshake is dear: only what is about certificates may have changed them.
    if (path.startsWith('/api/certificates')) certificatesNow = await Promise.all(names.map(shown))
    const after = await state(lb, certificatesNow)
    const what = `${method} ${path} ${JSON.stringify(body)}: ${response.status} ${answer}`
    if (response.status >= 500) t.fail(what)
    if (response.ok) made[method] = (made[method] ?? 0) + 1
    else {
      refused += 1
      if (after !== before) t.fail(`refused, but not without a trace: ${what}\n${before}\n${after}`)
      if ((JSON.parse(answer) as { error?: string }).error === undefined) t.fail(`no word of why: ${what}`)
    }
    before = after
  }
  t.comment(`${refused} refused, made: ${JSON.stringify(made)}`)
  t.ok(refused > 50)
  for (const method of ['POST', 'PATCH', 'DELETE', 'PUT']) t.ok((made[method] ?? 0) > 10, method)
  t.equal((await lb.get('/healthz')).status, 200)
})

async function state(lb: TestBalancer, served: string[]): Promise<string> {
  const { pools } = await lb.overview()
  const backends = pools.map((pool) =>
    pool.backends.map(({ id, weight, state }) => [id, weight, state === 'draining']),
  )
  return JSON.stringify([backends, served])
}

/** The certificate that a client gets who asks for a name. */
async function shown(servername: string): Promise<string> {
  const socket = connect({ port: https, host: '127.0.0.1', servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

function request(): [method: string, path: string, body?: unknown] {
  const pool = generator.chance(0.9) ? 'web' : generator.text()
  const backends = `/api/pools/${encodeURIComponent(pool)}/backends`
  const id = generator.chance(0.8) ? generator.oneOf(addresses) : generator.text()
  const one = `${backends}/${encodeURIComponent(id)}`
  const fields = Object.fromEntries(
    ['weight', 'draining', 'wieght'].flatMap((name, index) =>
      generator.chance(index === 2 ? 0.05 : 0.5) ? [[name, field(name)]] : [],
    ),
  )
  switch (generator.oneOf(['add', 'add', 'change', 'remove', 'certificate', 'other'] as const)) {
    case 'add': {
      const { draining: _, ...rest } = fields
      return ['POST', backends, generator.chance(0.95) ? { address: id, ...rest } : generator.oddity()]
    }
    case 'change':
      return ['PATCH', one, generator.chance(0.9) ? fields : generator.oddity()]
    case 'remove':
      return ['DELETE', one]
    case 'certificate': {
      const port = generator.chance(0.9) ? https : generator.text()
      const { certificate, key } = generator.oneOf(pairs)
      const pair = {
        certificate: generator.chance(0.9) ? certificate : generator.text(),
        key: generator.chance(0.9) ? key : generator.oneOf([pairs[1]?.key, generator.oddity()]),
      }
      return ['PUT', `/api/certificates/${encodeURIComponent(port)}`, pair]
    }
    default:
      return [
        generator.oneOf(['PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS']),
        `/${encodeURIComponent(id)}`,
        fields,
      ]
  }
}

function field(name: string): unknown {
  if (generator.chance(0.2)) return generator.oddity()
  return name === 'draining' ? generator.chance(0.5) : generator.oneOf([0, 1, 2, 1000])
}
