import { adminServer } from './admin/server.ts'
import { Balancer } from './balancer.ts'
import { given, readConfig } from './config.ts'
import { drain } from './drain.ts'
import { listen } from './listeners.ts'
import { giveMetrics } from './metrics.ts'
import { Operator } from './operator.ts'

/**
 * Starts the load balancer, and ends it gracefully on SIGTERM.
 *
 * @param text of config/app.json
 */
export function start(text: string, env: NodeJS.ProcessEnv): void {
  const config = readConfig(text, env)
  /** A little less than init allows by default. */
  const drainSeconds = Number(env['DRAIN_SECONDS'] ?? 9)
  const balancer = new Balancer(config)
  giveMetrics(balancer)
  const listeners = config.listeners.map((listener) => listen(listener, balancer, env))
  const { port, token } = config.admin
  if (port !== undefined) {
    const operator = new Operator(balancer, listeners)
    adminServer(config, operator, given(token, env)).listen(port)
  }
  process.once('SIGTERM', () => drain(listeners, balancer, drainSeconds))
}
