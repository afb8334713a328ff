/**
 * The application that the machine runs: a load balancer. config/app.json says where it listens and where requests
 * go; until it says so, there is a page that tells how. It runs on your own computer, too: `node app/index.ts`.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'

/** What this file must know of the configuration; whether it is right was checked by the build. */
interface Glance {
  listeners?: { port: number; protocol?: string }[]
  routes?: unknown[]
}

const text = readFileSync(join(import.meta.dirname, '../config/app.json'), 'utf8')
const { routes = [], listeners = [{ port: Number(env['PORT'] ?? 8080) }] } = JSON.parse(text) as Glance
const isConfigured =
  env['LB_CONFIG'] !== undefined || routes.length > 0 || listeners.some(({ protocol }) => protocol === 'tcp')

// What balances takes five times as long to load as a page.
if (isConfigured) (await import('./start.ts')).start(text, env)
else (await import('./welcome.ts')).welcome(listeners.map(({ port }) => port))
