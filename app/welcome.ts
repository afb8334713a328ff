import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { freemem, hostname, totalmem, uptime } from 'node:os'
import { join } from 'node:path'

/** Serves a page about the machine, for a configuration without routes. */
export function welcome(ports: readonly number[]): void {
  for (const port of ports) createServer(respond).listen(port)
}

function respond({ method, url = '/' }: IncomingMessage, response: ServerResponse): void {
  const send = (status: number, type: string, body: string): void =>
    void response
      .writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
      .end(body)
  const [path] = url.split('?', 1)
  if (method !== 'GET' && method !== 'HEAD') response.writeHead(405, { allow: 'GET, HEAD' }).end()
  else if (path === '/') send(200, 'text/html; charset=utf-8', page())
  else if (path === '/healthz') send(200, 'text/plain', 'ok\n')
  else send(404, 'text/plain', 'not found\n')
}

/** Returns the page: host name, uptime, memory and version. */
function page(): string {
  const [host] = hostname().split(/[<&]/, 1)
  const facts = {
    'Host name': host,
    'Up since': new Date(Date.now() - uptime() * 1000).toUTCString(),
    Memory: `${megabytes(totalmem() - freemem())} of ${megabytes(totalmem())} MB in use`,
    'This process': `${megabytes(process.memoryUsage.rss())} MB`,
    Node: process.versions.node,
  }
  const rows = Object.entries(facts).map(([name, fact]) => `<dt>${name}</dt><dd>${fact}</dd>`)
  return readFileSync(join(import.meta.dirname, 'welcome.html'), 'utf8')
    .replace('NodeOS', `${host}`)
    .replace('<dl>', `<dl>${rows.join('')}`)
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}
