import type { Http2SecureServer, Http2Server } from 'node:http2'
import { createServer, type Server } from 'node:net'
import { sendStatus } from '#nodeos/response'
import { type Certificates, readPairs } from '#nodeos/certificates'
import { milliseconds } from '#nodeos/duration'
import { limitPerClient } from '#nodeos/connection-limit'
import { refuse, settleTarget } from '#nodeos/request-target'
import { takeUpgrades } from '#nodeos/upgrade'
import { plainHttp2Server, secureWebServer, type WebLimits, webServer } from '#nodeos/web'
import { type Balancer, healthPath } from './balancer.ts'
import type { BalancerConfig, ListenerConfig } from './config.ts'

/** A server that takes connections. */
export interface Listener {
  port: number
  server: Server | Http2Server | Http2SecureServer
  certificates?: Certificates
}

type Make = (
  balancer: Balancer,
  config: ListenerConfig,
  env: NodeJS.ProcessEnv,
) => Pick<Listener, 'server' | 'certificates'>

/** Starts a listener. */
export function listen(config: ListenerConfig, balancer: Balancer, env: NodeJS.ProcessEnv): Listener {
  const { connections, connectionsPerClient } = balancer.config.limits
  const listener = { port: config.port, ...makers[config.protocol](balancer, config, env) }
  listener.server.maxConnections = connections
  limitPerClient(listener.server, connectionsPerClient, balancer.trusted)
  listener.server.listen(config.port)
  return listener
}

const makers: Record<ListenerConfig['protocol'], Make> = {
  http(balancer) {
    const respond = balancer.request.bind(balancer, 'http')
    const server = webServer(limits(balancer.config), respond)
    takeUpgrades(server, respond)
    return { server }
  },

  h2c(balancer) {
    const respond = balancer.request.bind(balancer, 'http')
    const server = plainHttp2Server(limits(balancer.config), respond)
    takeUpgrades(server, respond)
    return { server }
  },

  https(balancer, { port, certificates: references }, env) {
    const respond = balancer.request.bind(balancer, 'https')
    const { server, certificates } = secureWebServer(limits(balancer.config), respond)
    takeUpgrades(server, respond)
    try {
      certificates.replace(readPairs(references, env))
    } catch (error) {
      process.emitWarning(`port ${port} has no certificate yet: ${(error as Error).message}`)
    }
    return { server, certificates }
  },

  redirect(balancer, { redirectPort }) {
    const port = redirectPort === 443 ? '' : `:${redirectPort}`
    return {
      server: webServer(limits(balancer.config), (request, response) => {
        if (!settleTarget(request)) return refuse(request, response)
        const { url = '', headers } = request
        if (url === healthPath) return balancer.tellHealth(response)
        const host = URL.parse(`http://${headers.host ?? ''}`)?.hostname
        if (host === undefined || !url.startsWith('/')) return refuse(request, response)
        return sendStatus(response, 308, { location: `https://${host}${port}${url}` })
      }),
    }
  },

  tcp(balancer, { pool = '' }) {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      client.on('error', () => client.destroy())
      balancer.tcp(client, pool)
    })
    return { server }
  },
}

function limits({ limits, timeouts }: BalancerConfig): WebLimits {
  const { headers, request, keepAlive, response, body, idle } = timeouts
  return {
    headersMs: milliseconds(headers),
    requestMs: milliseconds(request),
    keepAliveMs: milliseconds(keepAlive),
    longestMs: milliseconds(Math.max(keepAlive, request, response, body, idle)),
    ...limits,
  }
}
