import { checkPath, type Overview, type TestBackend, token } from './balancer.ts'
import { boot, type TestMachine } from './machine.ts'
import { limit, ownConnection } from './until.ts'

/** How a machine reaches this host. */
const hostAddress = '10.0.2.2'
const adminPort = 9000

/** A machine with the shipped app. */
export interface BalancingMachine {
  machine: TestMachine
  get: () => Promise<Response>
  overview: () => Promise<Overview>
  change: (method: string, path: string, body?: object) => Promise<number>
}

export interface BalanceOptions {
  /** 2 when left out. */
  processes?: number
  /** Goes over a configuration with one pool, `web`, that all requests go to. */
  config?: object
  /** Further lines of its environment. */
  env?: Record<string, string>
}

interface Teardown {
  teardown(undo: () => unknown): unknown
}

/** Boots the shipped app in front of backends of this host: http on port 8080, and whatever listens on 8443. */
export async function balance(
  t: Teardown,
  name: string,
  backends: readonly TestBackend[],
  { processes = 2, config = {}, env = {} }: BalanceOptions = {},
): Promise<BalancingMachine> {
  const whole = {
    routes: [{ pool: 'web' }],
    pools: {
      web: {
        backends: backends.map((backend) => ({ address: inMachine(backend) })),
        health: { path: checkPath, interval: 0.5, timeout: 30 },
      },
    },
    // Under emulation a machine that has much to do is slow to connect.
    timeouts: { connect: 30 },
    admin: { port: adminPort },
    ...config,
  }
  const settings = { ADMIN_TOKEN: token, ...env, LB_CONFIG: JSON.stringify(whole) }
  const machine = await boot(
    t,
    name,
    {
      app: { processes },
      machine: { cpus: 2 },
      // A busy host needs longer than a machine of its own.
      restart: { drainTimeout: 60 },
      ports: [8080, 8443, adminPort].map((guest) => ({ guest, protocol: 'tcp' })),
    },
    {
      shipped: true,
      instance: {
        env: Object.entries(settings)
          .map(([key, value]) => `${key}='${value}'\n`)
          .join(''),
        repl: true,
      },
    },
  )
  const api = `http://127.0.0.1:${machine.hostPort(adminPort)}`
  return {
    machine,
    get: async () => fetch(`http://127.0.0.1:${machine.hostPort(8080)}/`, { signal: limit() }),
    overview: async () =>
      (await fetch(`${api}/api/backends`, { headers: ownConnection })).json() as Promise<Overview>,
    change: async (method, path, body) => {
      const init = body === undefined ? {} : { body: JSON.stringify(body) }
      const response = await fetch(`${api}${path}`, {
        method,
        headers: { ...ownConnection, authorization: `Bearer ${token}` },
        ...init,
      })
      await response.arrayBuffer()
      return response.status
    },
  }
}

/** Returns the address of a backend for the machine. */
export function inMachine({ address }: Pick<TestBackend, 'address'>): string {
  return address.replace('127.0.0.1', hostAddress)
}
