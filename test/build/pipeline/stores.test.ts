import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { type Cache, cacheFrom, fetchOther, fetchOwn, hasEntry } from '../../../build/pipeline/cache.ts'
import { cacheKey, splitTools } from '../../../build/pipeline/key.ts'
import { readPin, writePin } from '../../../build/pipeline/pins.ts'
import { hashText } from '../../../config/lib/hash.ts'
import { root } from '../../../config/lib/paths.ts'
import { certify } from '../../lib/certify.ts'

const certified = certify(t, 'localhost')
tls.setDefaultCACertificates([...tls.getCACertificates('default'), certified.certificate])

const layer = 'the bytes of a kernel'
const key = cacheKey('kernel', { source: 'a' })

/** A folder with a store that has one entry, the pin of that entry, and an empty cache. */
async function world(t: Test): Promise<{ store: string; cache: Cache; into: string }> {
  const folder = t.testdir({ store: { [key]: { layer, version: '6.12\n' } }, pins: {} })
  const files = Object.fromEntries(
    Object.entries({ layer, version: '6.12\n' }).map(([name, text]) => [
      name,
      { bytes: text.length, sha256: hashText(text) },
    ]),
  )
  const made = { command: 'npm run build:kernel', distribution: 'Debian', tools: {} }
  await writePin(join(folder, 'pins'), key, { inputs: { source: 'a' }, files, made })
  const store = join(folder, 'store')
  const download = { stallMs: 200, retryMs: 1 }
  return {
    store,
    cache: { own: join(folder, 'own'), others: [store], pins: join(folder, 'pins'), download },
    into: join(folder, 'into'),
  }
}

/** Serves a store over https; `respond` can treat the file `layer` differently. */
async function serve(t: Test, store: string, respond?: RequestListener) {
  const requests: string[] = []
  const server = createServer({ key: certified.key, cert: certified.certificate }, (request, response) => {
    requests.push(request.url ?? '')
    if (respond !== undefined && request.url?.endsWith('/layer') === true) respond(request, response)
    else sendFile(store, request, response)
  })
  server.on('tlsClientError', () => undefined).listen(0)
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `https://localhost:${(server.address() as AddressInfo).port}/store`, requests }
}

function sendFile(store: string, request: IncomingMessage, response: ServerResponse): void {
  try {
    response.end(readFileSync(join(store, (request.url ?? '').replace('/store', ''))))
  } catch {
    response.writeHead(404).end()
  }
}

/** Collects what is printed. */
function printed(t: Test): () => string {
  const calls = t.capture(process.stderr, 'write', () => true)
  let text = ''
  return () =>
    (text += calls()
      .map(({ args }) => String(args[0]))
      .join(''))
}

await t.test('a pinned entry of a folder is taken, and kept in our own store', async (t) => {
  const { store, cache, into } = await world(t)
  t.equal(await hasEntry(cache, key), true)
  t.equal(await fetchOther(cache, key, into), store)
  t.equal(await readFile(join(into, 'layer'), 'utf8'), layer)
  t.equal(await fetchOwn({ own: cache.own }, key, join(into, 'again')), true)
})

await t.test('a pinned entry of a server is taken', async (t) => {
  const { store, cache, into } = await world(t)
  const { url, requests } = await serve(t, store)
  cache.others = [join(store, 'missing'), url]
  t.equal(await hasEntry(cache, key), true)
  t.equal(await fetchOther(cache, key, into), url)
  t.equal(await readFile(join(into, 'layer'), 'utf8'), layer)
  const before = requests.length
  t.equal(await hasEntry(cache, key), true)
  t.equal(await fetchOwn(cache, key, into), true)
  t.equal(requests.length, before, 'what we have needs no network')
})

await t.test('other bytes are refused by name, from a folder and from a server', async (t) => {
  for (const [bytes, why] of [
    ['the bites of a kernel', /layer has SHA-256 [0-9a-f]{64}, pinned is [0-9a-f]{64}/],
    ['the bytes of', /12 bytes, expected 21 bytes/],
    [`${layer}${'x'.repeat(1000)}`, /1021 bytes, expected 21 bytes/],
  ] as const) {
    const { store, cache, into } = await world(t)
    const { url } = await serve(t, store)
    await writeFile(join(store, key, 'layer'), bytes)
    const text = printed(t)
    for (const place of [store, url]) {
      cache.others = [place]
      t.equal(await fetchOther(cache, key, into), undefined)
      t.match(text(), `${key} of the store ${place} is refused: `)
    }
    t.match(text(), why)
    await t.rejects(readdir(into), 'nothing of it is left where it was wanted')
    await t.rejects(readdir(cache.own), 'nor in our own store')
  }
})

await t.test('an entry that lacks a file is refused by name', async (t) => {
  const { store, cache, into } = await world(t)
  await rm(join(store, key, 'version'))
  const text = printed(t)
  t.equal(await fetchOther(cache, key, into), undefined)
  t.match(text(), new RegExp(`${key} of the store ${store} is refused: .*version`))
  await t.rejects(readdir(into))
})

await t.test('an entry that is not pinned is refused by name; a server is not asked for it', async (t) => {
  const { store, cache, into } = await world(t)
  const { url, requests } = await serve(t, store)
  const other = cacheKey('kernel', { source: 'b' })
  await mkdir(join(store, other))
  cache.others = [store, url]
  const text = printed(t)
  t.equal(await hasEntry(cache, other), false)
  t.equal(await fetchOther(cache, other, into), undefined)
  t.match(text(), `${other} of the store ${store} is refused: it is not pinned`)
  t.strictSame(requests, [])
})

await t.test('a pin that is damaged stops the build', async (t) => {
  const { cache, into } = await world(t)
  for (const files of ['{}', '{"../x":{"bytes":1,"sha256":"0"}}', '{"layer":{"bytes":1}}', '[]']) {
    await writeFile(join(cache.pins ?? '', `${key}.json`), `{"inputs":{},"files":${files}}`)
    await t.rejects(fetchOther(cache, key, into), { name: 'UserError', message: /is not a valid pin/ })
  }
})

await t.test('a server that fails is left for the next store', async (t) => {
  const failures: Record<string, { respond: RequestListener; why: RegExp }> = {
    half: {
      respond: (_, response) => {
        response.setHeader('content-length', layer.length)
        response.write(layer.slice(0, 5), () => response.destroy())
      },
      why: /could not download|terminated|ended after/,
    },
    stalled: {
      respond: (_, response) => void response.write(layer.slice(0, 5)),
      why: /sent nothing for 0\.2 s/,
    },
    insecure: {
      respond: (_, response) => response.writeHead(302, { location: 'http://localhost/layer' }).end(),
      why: /redirects to http:\/\/localhost, which is not https/,
    },
    failing: { respond: (_, response) => response.writeHead(500).end(), why: /responded 500/ },
  }
  for (const [name, { respond, why }] of Object.entries(failures)) {
    await t.test(name, async (t) => {
      const { store, cache, into } = await world(t)
      const { url } = await serve(t, store, respond)
      cache.others = [url, store]
      const text = printed(t)
      t.equal(await fetchOther(cache, key, into), store)
      t.equal(await readFile(join(into, 'layer'), 'utf8'), layer)
      t.match(text(), `${key} of the store ${url} is refused: `)
      t.match(text(), why)
    })
  }
})

await t.test('a redirect to another https server is followed', async (t) => {
  const { store, cache, into } = await world(t)
  const other = await serve(t, store)
  const { url } = await serve(t, store, (request, response) =>
    response.writeHead(302, { location: new URL(request.url ?? '', other.url).href }).end(),
  )
  cache.others = [url]
  t.equal(await fetchOther(cache, key, into), url)
  t.equal(other.requests.length, 1)
})

await t.test('a store that does not respond is named once, and not tried again', async (t) => {
  const { cache, into } = await world(t)
  const server = createServer().listen(0)
  await once(server, 'listening')
  const url = `https://localhost:${(server.address() as AddressInfo).port}/store`
  server.close()
  await once(server, 'close')
  cache.others = [url]
  const text = printed(t)
  t.equal(await hasEntry(cache, key), false)
  t.equal(await fetchOther(cache, key, into), undefined)
  t.match(text(), /the store https:.* is ignored: .*ECONNREFUSED/)
  t.equal(text().split(url).length, 2)
})

await t.test('a download that takes more than two seconds shows its progress', async (t) => {
  const { store, cache, into } = await world(t)
  let left: Buffer[] = []
  const { url } = await serve(t, store, (_, response) => {
    left = Array.from(Buffer.from(layer), (byte) => Buffer.from([byte]))
    response.setHeader('content-length', layer.length)
    const timer = setInterval(() => {
      const next = left.shift()
      if (next === undefined) {
        clearInterval(timer)
        response.end()
      } else response.write(next)
    }, 150)
  })
  cache.others = [url]
  cache.download = { stallMs: 30_000 }
  const text = printed(t)
  t.equal(await fetchOther(cache, key, into), url)
  t.match(text(), `Fetching ${key} from ${url}`)
  t.match(text(), /0\.0 kB of 0\.0 kB/)
})

await t.test('a private certificate authority is trusted by NODE_EXTRA_CA_CERTS only', async (t) => {
  const { store, cache, into } = await world(t)
  const { url } = await serve(t, store)
  const script = join(t.testdirName, 'fetch.ts')
  const options = JSON.stringify({ ...cache, others: [url] })
  const module = JSON.stringify(join(root, 'build/pipeline/cache.ts'))
  await writeFile(
    script,
    `import { fetchOther } from ${module}\nconsole.log(await fetchOther(${options}, '${key}', ${JSON.stringify(into)}))\n`,
  )
  const run = async (env: NodeJS.ProcessEnv): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, [script], { env: { ...process.env, ...env } })
  const without = await run({})
  t.equal(without.stdout.trim(), 'undefined')
  t.match(without.stderr, /certificate/)
  const { stdout } = await run({ NODE_EXTRA_CA_CERTS: certified.file })
  t.equal(stdout.trim(), url)
})

await t.test('NODEOS_CACHE names folders and https: URLs, separated by commas', (t) => {
  const cache = cacheFrom({
    NODEOS_CACHE: 'https://cache.example/a/, /srv/with space,',
    XDG_CACHE_HOME: '/c',
  })
  t.match(cache, { own: '/c/nodeos', others: ['https://cache.example/a', '/srv/with space'] })
  t.equal(cache.pins, join(root, 'build/pins'))
  for (const [text, message] of [
    ['http://cache.example/a', /http:\/\/cache\.example\/a is not secure/],
    ['http://127.0.0.1/a', /is not secure/],
    ['cache', /cache is neither an absolute path nor a URL/],
    ['https://user:secret@cache.example', /^NODEOS_CACHE: cache\.example: a URL must not contain a password/],
    ['https://cache.example/a?token=x', /must end with a path/],
  ] as const) {
    t.throws(() => cacheFrom({ NODEOS_CACHE: text }), { name: 'UserError', message }, text)
  }
  t.end()
})

await t.test('a key changes with every input, not with their order', (t) => {
  t.equal(cacheKey('a', { x: '1', y: '2' }), cacheKey('a', { y: '2', x: '1' }))
  t.not(cacheKey('a', { x: '1' }), cacheKey('a', { x: '2' }))
  t.not(cacheKey('a', { x: '1' }), cacheKey('b', { x: '1' }))
  t.strictSame(splitTools({ source: 'a', compiler: 'gcc', 'init libc': 'b', 'init flags': 'c' }), {
    sources: { source: 'a', 'init flags': 'c' },
    tools: { compiler: 'gcc', 'init libc': 'b' },
  })
  t.end()
})

await t.test('every pin of the repository is named by the key of its inputs', async (t) => {
  const folder = join(root, 'build/pins')
  for (const name of (await readdir(folder)).filter((each) => each !== '.gitkeep')) {
    const named = name.replace(/\.json$/, '')
    const pin = await readPin(folder, named)
    t.equal(cacheKey(named.replace(/-[0-9a-f]+$/, ''), pin?.inputs ?? {}), named)
    t.match(pin?.made, { command: /^npm run /, distribution: /./ })
    if (named.startsWith('kernel-')) t.match(pin?.source, { sha256: /^[0-9a-f]{64}$/, version: /^\d/ })
  }
})
