/**
 * The application that the machine runs: a load balancer. config/app.json configures its listeners, routes and pools;
 * without any route it serves a page that explains how to start. It also runs on your own computer: `node app/index.ts`.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The part of the configuration that this file reads. The build has validated it. */
interface Glance {
  listeners?: { port: number; protocol?: string }[]
  routes?: unknown[]
}

const { env } = process
const text = readFileSync(join(import.meta.dirname, '../config/app.json'), 'utf8')
const { routes = [], listeners = [{ port: Number(env['PORT'] ?? 8080) }] } = JSON.parse(text) as Glance
const isConfigured =
  env['LB_CONFIG'] !== undefined || routes.length > 0 || listeners.some(({ protocol }) => protocol === 'tcp')

// The load balancer takes five times as long to load as the page.
if (isConfigured) (await import('./start.ts')).start(text, env)
else (await import('./welcome.ts')).welcome(listeners.map(({ port }) => port))
