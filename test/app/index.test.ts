import { spawn } from 'node:child_process'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../lib/until.ts'
import { root } from '../../config/lib/paths.ts'
import { freePort } from '../lib/ports.ts'

const port = await freePort()
const url = `http://127.0.0.1:${port}`
const child = spawn(process.execPath, [join(root, 'app/index.ts')], {
  env: { PORT: String(port) },
  stdio: ['ignore', 'inherit', 'inherit'],
})
t.teardown(() => child.kill())
await listening()

await t.test('serves the page', async (t) => {
  const response = await fetch(`${url}/?a=b`)
  t.equal(response.status, 200)
  t.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
  const html = await response.text()
  for (const part of [
    hostname(),
    process.versions.node,
    'Up since',
    'Memory',
    '<html lang="en">',
    'light dark',
  ]) {
    t.ok(html.includes(part), part)
  }
  t.notMatch(html, /(src|href)=|@import|url\(/, 'it needs nothing else')
})

await t.test('responds to health checks', async (t) => {
  const response = await fetch(`${url}/healthz`)
  t.equal(response.status, 200)
  t.equal(await response.text(), 'ok\n')
})

await t.test('responds with 404 to any other path', async (t) => {
  const response = await fetch(`${url}/etc/passwd`)
  t.equal(response.status, 404)
  t.equal(await response.text(), 'not found\n')
})

await t.test('responds to HEAD as to GET, without a body; rejects other methods', async (t) => {
  const head = await fetch(url, { method: 'HEAD' })
  t.equal(head.status, 200)
  t.ok(Number(head.headers.get('content-length')) > 500)
  t.equal(await head.text(), '')
  const post = await fetch(`${url}/healthz`, { method: 'POST', body: 'x' })
  t.equal(post.status, 405)
  t.equal(post.headers.get('allow'), 'GET, HEAD')
})

await t.test('listens on IPv6', async (t) => {
  t.equal((await fetch(`http://[::1]:${port}/healthz`)).status, 200)
})

async function listening(): Promise<void> {
  await until('the app responds', async () =>
    fetch(`${url}/healthz`).then(
      () => true,
      () => false,
    ),
  )
}
