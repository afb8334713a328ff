import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { freemem, hostname, totalmem, uptime } from 'node:os'

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

/** The front page: what this machine is, as HTML that needs nothing else. */
export function page(): string {
  const rows = [
    ['Host name', hostname()],
    ['Up for', duration(uptime())],
    ['Memory', `${megabytes(totalmem() - freemem())} of ${megabytes(totalmem())} MB in use`],
    ['This process', `${megabytes(process.memoryUsage.rss())} MB`],
    ['Node', process.versions.node],
  ] as const
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(hostname())}</title>
<style>
  :root { color-scheme: light dark; font: 1.125rem/1.6 system-ui, sans-serif }
  main { max-width: 32rem; margin: 15vh auto; padding: 0 1rem }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.5rem }
  dt { opacity: 0.7 }
  dd { margin: 0; font-variant-numeric: tabular-nums }
</style>
<main>
  <h1>It runs.</h1>
  <dl>
${rows.map(([name, value]) => `    <dt>${name}</dt><dd>${escape(value)}</dd>`).join('\n')}
  </dl>
  <p>A Linux kernel, Node, and this application. Name your backends in <code>config/app.json</code>, or put your own
  application into <code>app/</code>; then <code>npm start</code>.</p>
</main>
</html>
`
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}

/** Seconds as a person says them, e.g. `3 h 12 min`. */
export function duration(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const
  const parts = []
  let left = Math.floor(seconds)
  for (const [unit, size] of units) {
    if (left >= size) parts.push(`${Math.floor(left / size)} ${unit}`)
    left %= size
  }
  return parts.slice(0, 2).join(' ') || '0 s'
}

/** Text that can stand in HTML. */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
