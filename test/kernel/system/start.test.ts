import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { bundle, esm, launcher, server } from '../fixtures/system.ts'

const folder = t.testdir()
const { start, run } = launcher(folder, await bundle(folder))

/** What must not have been loaded for an app that does not use it. */
const heavy = `process.moduleLoadList.filter((name) => /amaro|undici|fs\\/promises/.test(name)).join()`

await t.test('from start to health, without a network', async (t) => {
  const { events, event, port, child, ended } = await run(t, server)
  t.match(await event('health.ok'), { stage: 'health', path: '/healthz', port, attempts: 1 })
  t.strictSame(
    events.map(({ event }) => event),
    ['node.started', 'system.error', 'app.listening', 'health.ok'],
  )
  t.match(events[0], { stage: 'node', version: process.versions.node, pid: child.pid, processes: 1 })
  t.match(events[1], { error: /cannot load the native binding: .*native\.node/ })
  t.match(events[2], { stage: 'app', address: '::', port })
  child.kill('SIGTERM')
  t.equal(await ended, 0)
})

await t.test('an app that serves nothing is left alone, and reported', async (t) => {
  const { event, ended, root } = await run(
    t,
    `import { existsSync } from 'node:fs'
        const work = setInterval(() => existsSync('../done') && clearInterval(work), 20)`,
    { healthTimeout: 0.1 },
  )
  t.match(await event('health.failed'), { reason: /nothing listens on port \d+/, listening: [] })
  writeFileSync(join(root, 'done'), '')
  t.equal(await ended, 0, 'the system layer keeps no process alive')
})

await t.test('an app whose health check fails', async (t) => {
  const { event } = await run(
    t,
    `import { createServer } from 'node:http'
        createServer((_, response) => response.writeHead(500).end()).listen(process.env.PORT)`,
    { healthTimeout: 0.3 },
  )
  t.match(await event('health.waiting'), { response: 500 })
  // On a busy host, the app may listen only after the time for it has passed.
  t.ok(await event('health.failed', ({ response }) => response === 500))
})

await t.test('an app that listens on loopback only is never healthy', async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const { events, event, port } = await run(
      t,
      `import { createServer } from 'node:http'
          createServer((_, response) => response.end('ok')).listen(process.env.PORT, '${host}')`,
    )
    const name = host === '::1' ? `[::1]:${port}` : `127.0.0.1:${port}`
    t.match(await event('health.failed'), {
      reason: `the app listens on ${name} only, which cannot be reached from outside`,
      listening: [name],
      final: true,
    })
    t.match(
      events.find(({ event }) => event === 'app.listening'),
      { address: host, port },
    )
    t.notOk(events.some(({ event }) => event === 'health.ok'))
  }
})

await t.test('a server on loopback that another one replaces', async (t) => {
  const { event, events } = await run(
    t,
    `import { createServer } from 'node:http'
        const server = createServer((_, response) => {
          response.setHeader('connection', 'close').end('ok')
          if (server.address()?.address === '127.0.0.1')
            server.close(() => server.listen(process.env.PORT))
        }).listen(process.env.PORT, '127.0.0.1')`,
  )
  await event('health.ok')
  t.notOk(events.some(({ event }) => event === 'health.failed'))
})

await t.test('a server in a child process of the app', async (t) => {
  const { event, port } = await start(t, {
    entry: 'index.js',
    app: {
      ...esm,
      'index.js': `import { fork } from 'node:child_process'
        fork(new URL('child.js', import.meta.url))`,
      'child.js': `${server}process.once('disconnect', () => process.exit())\n`,
    },
  })
  t.match(await event('app.listening'), { address: '::', port })
  await event('health.ok')
})

await t.test('an app that listens elsewhere', async (t) => {
  const { event } = await run(
    t,
    `import { createServer } from 'node:net'
        createServer().listen(0, '0.0.0.0', () => createServer().listen('app.sock'))`,
    { healthTimeout: 5 },
  )
  t.match(await event('health.failed'), {
    reason: /nothing listens on port \d+/,
    listening: [/^0\.0\.0\.0:\d+$/, 'app.sock'],
  })
})

await t.test('a clock that is set meanwhile does not shorten the wait for health', async (t) => {
  const { event } = await run(
    t,
    `import { createServer } from 'node:http'
        const inAnHour = Date.now() + 3.6e6
        let asked = 0
        createServer((_, response) => {
          Date.now = () => inAnHour
          response.writeHead(++asked < 3 ? 503 : 200).end()
        }).listen(process.env.PORT)`,
  )
  t.match(await event('health.ok'), { attempts: 3 })
})

await t.test('settings of the instance', async (t) => {
  const { event, events, line } = await run(
    t,
    'console.log(process.env.A, process.env.B, process.env.C, process.env.NODEOS_START)',
    {
      env: { A: 'baked', B: 'baked', C: 'baked' },
      commandLine: 'nodeos.env.B=line nodeos.env.C=line',
      firmware: { env: 'C=firmware\nSECRET=hunter2\n' },
    },
  )
  await line(/^baked line firmware undefined$/)
  t.match(await event('environment.set'), { names: ['B', 'C', 'SECRET'] })
  t.notMatch(JSON.stringify(events), /hunter2|firmware"/)
})

await t.test('TypeScript files are JavaScript already, in every kind of process', async (t) => {
  const { lines, ended, events } = await start(t, {
    entry: 'index.ts',
    app: {
      ...esm,
      'index.ts': `import { createServer } from 'node:http'
        import { fork } from 'node:child_process'
        import { createRequire } from 'node:module'
        import { Worker } from 'node:worker_threads'
        import { a } from './module.mts'
        const { b } = createRequire(import.meta.url)('./common.cts')
        console.log('app', a, b, ${heavy})
        fork(new URL('child.ts', import.meta.url))
        new Worker(new URL('thread.ts', import.meta.url))`,
      'module.mts': 'export const a = 1',
      'common.cts': 'exports.b = 2',
      'child.ts': `console.log('child', ${heavy}, process.env.NODEOS_START); process.disconnect()`,
      'thread.ts': `console.log('thread', ${heavy}, process.env.NODEOS_START)`,
    },
  })
  t.equal(await ended, 0)
  // fs/promises: child_process and worker_threads load it themselves.
  t.strictSame(lines.map((line) => line.replaceAll(/NativeModule (internal\/)?fs\/promises,?/g, '')).sort(), [
    'app 1 2 ',
    'child  undefined',
    'thread  undefined',
  ])
  t.equal(events.filter(({ event }) => event === 'node.started').length, 1)
})

await t.test('TypeScript from elsewhere has its types stripped as usual', async (t) => {
  const { line } = await run(
    t,
    `import { writeFileSync } from 'node:fs'
        writeFileSync('../typed.mts', 'const x: number = 7; export default x')
        console.log('typed', (await import('../typed.mts')).default)`,
  )
  t.ok(await line(/^typed 7$/))
})

await t.test('an error of the system layer ends the process, but not silently', async (t) => {
  const { event, ended } = await run(t, server, { env: { TEST_THROW: 'broken inside' } })
  t.match(await event('system.error', ({ origin }) => origin !== undefined), {
    error: /broken inside[^]*system\.js:/,
  })
  t.equal(await ended, 1)
})

await t.test('an error of the app is the app’s', async (t) => {
  const { events, ended } = await start(t, {
    entry: 'index.js',
    app: {
      ...esm,
      'index.js':
        'process.stderr.write = () => true; process.exitCode = 3; process.on("exit", () => process.exit(3)); throw 1',
    },
  })
  t.equal(await ended, 3)
  t.notOk(events.some(({ origin }) => origin !== undefined))
})
