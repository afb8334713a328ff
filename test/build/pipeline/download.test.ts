import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { download, NotFoundError } from '../../../build/pipeline/download.ts'

const content = 'the bytes of a kernel'
const limits = { stallMs: 200, retryMs: 1 }

/** Serves one file; returns its URL and the requests. */
async function serve(t: Test, respond: RequestListener): Promise<{ url: string; ranges: string[] }> {
  const ranges: string[] = []
  const server = createServer((request, response) => {
    ranges.push(request.headers.range ?? 'all')
    respond(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`, ranges }
}

await t.test('a file arrives whole, with its progress', async (t) => {
  const path = join(t.testdir({}), 'file')
  const { url } = await serve(t, (_, response) => response.end(content))
  const updates: (number | undefined)[][] = []
  const received = await download(url, path, { ...limits, update: (...figures) => updates.push(figures) })
  t.equal(received, content.length)
  t.equal(await readFile(path, 'utf8'), content)
  t.strictSame(updates.at(-1), [content.length, content.length])
})

await t.test(
  'a broken connection goes on where it ended, if the file is proved to be the same',
  async (t) => {
    const path = join(t.testdir({}), 'file')
    const { url, ranges } = await serve(t, (request, response) => {
      response.setHeader('etag', '"one"')
      const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
      if (from === undefined) {
        response.setHeader('content-length', content.length)
        response.write(content.slice(0, 7), () => response.destroy())
        return
      }
      t.equal(request.headers['if-range'], '"one"')
      response.writeHead(206, { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` })
      response.end(content.slice(Number(from)))
    })
    t.equal(await download(url, path, { ...limits, bytes: content.length }), content.length)
    t.equal(await readFile(path, 'utf8'), content)
    t.strictSame(ranges, ['all', 'bytes=7-'])
  },
)

await t.test('without a tag, and when the file has changed, it starts anew', async (t) => {
  for (const tag of [undefined, '"new"']) {
    const path = join(t.testdir({}), 'file')
    let requests = 0
    const { url, ranges } = await serve(t, (_, response) => {
      requests += 1
      if (tag !== undefined) response.setHeader('etag', requests === 1 ? '"old"' : tag)
      if (requests === 1) {
        response.setHeader('content-length', 100)
        response.write('x'.repeat(50), () => response.destroy())
      } else response.end(content)
    })
    await download(url, path, limits)
    t.equal(await readFile(path, 'utf8'), content, 'nothing of the longer first part is left')
    t.equal(ranges[1], tag === undefined ? 'all' : 'bytes=50-')
  }
})

await t.test('a server that sends nothing for too long is tried again, then given up', async (t) => {
  const path = join(t.testdir({}), 'file')
  const { url, ranges } = await serve(t, (_, response) => {
    response.setHeader('content-length', content.length)
    response.write(content.slice(0, 3))
  })
  await t.rejects(download(url, path, limits), {
    name: 'UserError',
    message: `could not download ${url}: the server sent nothing for 0.2 s`,
  })
  t.equal(ranges.length, 4)
})

await t.test('an error of the server is retried, a missing file is not', async (t) => {
  const path = join(t.testdir({}), 'file')
  let fails = 2
  const busy = await serve(t, (_, response) => {
    fails -= 1
    response.writeHead(fails >= 0 ? 503 : 200).end(content)
  })
  await download(busy.url, path, limits)
  t.equal(busy.ranges.length, 3)
  const missing = await serve(t, (_, response) => response.writeHead(404).end())
  t.type(await download(missing.url, path, limits).catch((error: unknown) => error), NotFoundError)
  t.equal(missing.ranges.length, 1)
  const forbidden = await serve(t, (_, response) => response.writeHead(403).end())
  await t.rejects(download(forbidden.url, path, limits), { message: /responded 403 Forbidden$/ })
  t.equal(forbidden.ranges.length, 1)
})

await t.test('a file of another size is not read', async (t) => {
  const path = join(t.testdir({}), 'file')
  const larger = await serve(t, (_, response) => response.end(content))
  await t.rejects(download(larger.url, path, { ...limits, bytes: 5 }), {
    message: `${larger.url} has ${content.length} bytes, expected 5 bytes`,
  })
  const endless = await serve(t, (_, response) => {
    const more = (): boolean =>
      response.write(Buffer.alloc(65_536), () => void (response.destroyed || more()))
    more()
  })
  await t.rejects(download(endless.url, path, { ...limits, bytes: 100_000 }), { message: /sends more/ })
  t.ok((await readFile(path)).length <= 100_000)
  t.equal(endless.ranges.length, 1)
})

await t.test('redirects are followed, but not for ever', async (t) => {
  const path = join(t.testdir({}), 'file')
  const other = await serve(t, (_, response) => response.end(content))
  const { url } = await serve(t, (_, response) => response.writeHead(302, { location: other.url }).end())
  await download(url, path, limits)
  t.equal(await readFile(path, 'utf8'), content)
  const loop = await serve(t, (_, response) => response.writeHead(302, { location: '/file' }).end())
  await t.rejects(download(loop.url, path, limits), { message: /redirects more than 5 times/ })
})

await t.test('an interrupt ends it at once, and while it waits for a retry', async (t) => {
  for (const status of [200, 503]) {
    const path = join(t.testdir({}), 'file')
    const interrupted = new AbortController()
    const { url, ranges } = await serve(t, (_, response) => {
      response.writeHead(status).write('x')
      if (status === 503) response.end()
      interrupted.abort(new Error('interrupted'))
    })
    const options = { stallMs: 60_000, retryMs: 600_000, signal: interrupted.signal }
    await t.rejects(download(url, path, options), { message: 'interrupted' })
    t.equal(ranges.length, 1)
  }
})
