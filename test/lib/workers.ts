import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import type { Test } from 'tap'
import { root } from '../../config/lib/paths.ts'
import { limit } from './until.ts'
import { boot, bundle } from '../kernel/fixtures/system.ts'
import { type Overview, token, until } from './balancer.ts'
import { freePort } from './ports.ts'

/** A load balancer in several processes, as the system layer starts them. */
export interface Crew {
  admin: number
  /** Sends a request on a new connection, or on that of an agent: the processes take turns. */
  ask: (
    port: number,
    method: string,
    path: string,
    body?: object,
    agent?: Agent,
  ) => Promise<{ status: number; text: string }>
  overview: () => Promise<Overview>
  /** Process IDs of the workers. */
  pids: () => number[]
}

const ask: Crew['ask'] = async (port, method, path, body, agent) => {
  const headers = { authorization: `Bearer ${token}` }
  const signal = limit()
  const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: agent ?? false, signal })
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const text = (await response.setEncoding('utf8').toArray()).join('')
  return { status: response.statusCode ?? 0, text }
}

/** Starts the load balancer with an admin port. */
export async function startCrew(t: Test, config: object, processes = 2): Promise<Crew> {
  const folder = t.testdir()
  const system = await bundle(folder)
  mkdirSync(join(folder, 'machine'))
  const admin = await freePort()
  const { child } = await boot(system, join(folder, 'machine'), {
    entry: 'index.ts',
    app: {
      'package.json': '{"type":"module"}',
      'index.ts': `import ${JSON.stringify(join(root, 'app/index.ts'))}`,
    },
    processes,
    env: { LB_CONFIG: JSON.stringify({ ...config, admin: { port: admin } }), ADMIN_TOKEN: token },
  })
  t.teardown(() => child.kill('SIGKILL'))

  const overview = async (): Promise<Overview> =>
    JSON.parse((await ask(admin, 'GET', '/api/backends')).text) as Overview
  await until(
    'all processes report',
    async () => (await overview().catch(() => undefined))?.processes === processes,
  )
  return {
    admin,
    ask,
    overview,
    pids() {
      const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
      return children.split(' ').filter(Boolean).map(Number)
    },
  }
}
