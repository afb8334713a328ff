import { channel } from 'node:diagnostics_channel'
import { apiServer } from '#nodeos/api'
import { given } from '#nodeos/certificates'
import { giveMetrics } from '#nodeos/metrics'
import { api, operator } from './admin.ts'
import { Balancer } from './balancer.ts'
import { readConfig } from './config.ts'
import { shareHealth } from './health.ts'
import { listen } from './listeners.ts'
import { metricsOf, watchProcesses } from './metrics.ts'

/**
 * Starts the load balancer. The system layer drains it.
 *
 * @param text of config/app.json
 */
export function start(text: string, env: NodeJS.ProcessEnv): void {
  const config = readConfig(text, env)
  const balancer = new Balancer(config)
  const overview = watchProcesses(balancer)
  shareHealth(balancer.pools, overview.isChecker)
  giveMetrics(() => metricsOf(balancer))
  channel('nodeos.drain').subscribe(() => (balancer.draining = true))
  const listeners = config.listeners.map((listener) => listen(listener, balancer, env))
  const { port, token } = config.admin
  if (port === undefined) return
  apiServer(api(balancer, operator(balancer, listeners), overview), given(token, env)).listen(port)
}
