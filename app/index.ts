/**
 * The application that the machine runs: an HTTP server. Replace it by yours; nothing here is special.
 * It runs on your own computer, too: `node app/index.ts`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { page } from './page.ts'

const port = Number(process.env['PORT'] ?? 8080)

function respond(request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
    return
  }
  const [path] = (request.url ?? '/').split('?', 1)
  if (path === '/') send(response, 200, 'text/html; charset=utf-8', page())
  else if (path === '/healthz') send(response, 200, 'text/plain', 'ok\n')
  else send(response, 404, 'text/plain', 'not found\n')
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}

createServer(respond).listen(port)
