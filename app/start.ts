import { channel } from 'node:diagnostics_channel'
import { api } from './admin/api.ts'
import { adminServer } from './admin/server.ts'
import { Balancer } from './balancer.ts'
import { readConfig } from './config.ts'
import { listen } from './listeners.ts'
import { giveMetrics } from './metrics.ts'
import { operator } from './operator.ts'
import { watchProcesses } from './overview.ts'
import { given } from './references.ts'

/**
 * Starts the load balancer. The system layer drains it.
 *
 * @param text of config/app.json
 */
export function start(text: string, env: NodeJS.ProcessEnv): void {
  const config = readConfig(text, env)
  const balancer = new Balancer(config)
  giveMetrics(balancer)
  channel('nodeos.drain').subscribe(() => (balancer.draining = true))
  const listeners = config.listeners.map((listener) => listen(listener, balancer, env))
  const { port, token } = config.admin
  if (port === undefined) return
  const routes = api(balancer, operator(balancer, listeners), watchProcesses(balancer))
  adminServer(routes, given(token, env)).listen(port)
}
