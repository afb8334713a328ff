import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { freemem, hostname, totalmem, uptime } from 'node:os'
import { join } from 'node:path'

/** Shows what runs while there are no routes. */
export function welcome(ports: readonly number[]): void {
  for (const port of ports) createServer(respond).listen(port)
}

function respond({ method, url = '/' }: IncomingMessage, response: ServerResponse): void {
  const [path] = url.split('?', 1)
  if (method !== 'GET' && method !== 'HEAD') response.writeHead(405, { allow: 'GET, HEAD' }).end()
  else if (path === '/') send(response, 200, 'text/html; charset=utf-8', page())
  else if (path === '/healthz') send(response, 200, 'text/plain', 'ok\n')
  else send(response, 404, 'text/plain', 'not found\n')
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}

/** The front page: what this machine is. */
function page(): string {
  const facts = {
    'Host name': hostname(),
    'Up for': duration(uptime()),
    Memory: `${megabytes(totalmem() - freemem())} of ${megabytes(totalmem())} MB in use`,
    'This process': `${megabytes(process.memoryUsage.rss())} MB`,
    Node: process.versions.node,
  }
  const rows = Object.entries(facts).map(([name, fact]) => `<dt>${name}</dt><dd>${escape(fact)}</dd>`)
  return readFileSync(join(import.meta.dirname, 'welcome.html'), 'utf8')
    .replace('NodeOS', () => escape(hostname()))
    .replace('<dl>', () => `<dl>${rows.join('')}`)
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}

/** Seconds as a person says them, e.g. `3 h 12 min`. */
export function duration(seconds: number): string {
  let left = Math.floor(seconds)
  const parts = Object.entries({ d: 86_400, h: 3600, min: 60, s: 1 }).map(([unit, size]) => {
    const count = Math.floor(left / size)
    left %= size
    return count > 0 ? `${count} ${unit}` : ''
  })
  return parts.filter(Boolean).slice(0, 2).join(' ') || '0 s'
}

/** Text that can stand in HTML. */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
