import t from 'tap'
import type { Control } from '../../deploy/control/client.ts'
import { boot, type TestMachine } from '../lib/machine.ts'

interface Profile {
  nodes: { callFrame: { functionName: string; url: string } }[]
}

/** The chunks of an answer, joined and parsed. */
async function fetchJson<T>(call: (onChunk: (part: Buffer) => void) => Promise<unknown>): Promise<T> {
  const parts: Buffer[] = []
  await call((part) => parts.push(part))
  return JSON.parse(Buffer.concat(parts).toString()) as T
}

/** Profiles while the app burns, and returns the functions that were seen: name and file. */
async function profileBurning(
  machine: TestMachine,
  control: Control,
  params: { worker?: number },
): Promise<string[]> {
  const profiling = fetchJson<Profile>((onChunk) =>
    control.call('profile.cpu', { seconds: 2, ...params }, { onChunk }),
  )
  const done = new AbortController()
  const whole = profiling.finally(() => done.abort())
  // A host that is busy with something else may be late: it burns until the profile is done.
  do await machine.get('/burn?ms=100')
  while (!done.signal.aborted)
  const { nodes } = await whole
  return nodes.map(({ callFrame }) => `${callFrame.functionName} ${callFrame.url}`)
}

function evaluate(control: Control, source: string): Promise<string> {
  return control.call('repl', { source })
}

await t.test('one process', async (t) => {
  const machine = await boot(t, 'control', {}, { instance: { repl: true, env: 'SECRET=hush-hush-value\n' } })
  const control = await machine.control()

  await t.test('status', async (t) => {
    t.match(await control.call('status', {}), {
      uptime: Number,
      pid: Number,
      node: /^24\./,
      memory: { total: Number, free: Number, rss: Number, heapUsed: Number, heapLimit: Number },
      workers: [],
    })
  })

  await t.test('a CPU profile contains functions of the app', async (t) => {
    const functions = await profileBurning(machine, control, {})
    t.ok(functions.includes('burn file:///srv/app/answers.ts'), 'burn was seen')
    await t.rejects(control.call('profile.cpu', { seconds: 1, worker: 1 }), /the app has no workers/)
    await t.rejects(control.call('profile.cpu', { seconds: -1 }), /seconds must be a number/)
  })

  await t.test('a heap snapshot is complete', async (t) => {
    const snapshot = await fetchJson<{
      snapshot: { node_count: number }
      nodes: number[]
      strings: string[]
    }>((onChunk) => control.call('profile.heap', {}, { onChunk }))
    t.ok(snapshot.snapshot.node_count > 10_000)
    t.equal(snapshot.nodes.length % snapshot.snapshot.node_count, 0)
    t.ok(snapshot.strings.includes('file:///srv/app/answers.ts'))
  })

  await t.test('a REPL in the app', async (t) => {
    t.equal(await evaluate(control, '1 + 1'), '2')
    t.equal(await evaluate(control, 'const answer = await Promise.resolve(42)'), 'undefined')
    t.equal(await evaluate(control, 'answer'), '42')
    t.equal(await evaluate(control, '$_ + 1'), '43')
    t.equal(await evaluate(control, '({ a: new Map([[1, { b: 2n }]]) })'), '{ a: Map(1) { 1 => { b: 2n } } }')
    t.equal(await evaluate(control, "require('node:os').hostname()"), "'control'")
    t.equal(
      await evaluate(control, "Object.keys((await import('./app/answers.ts')).answers).includes('/burn')"),
      'true',
    )
    t.equal(await evaluate(control, "(await import('probe-addon')).default.answer()"), '42')
    await t.rejects(evaluate(control, "await import('./none.ts')"), {
      message: /Cannot find module '\/srv\/none\.ts'/,
    })
    await t.rejects(evaluate(control, 'function f() { throw new TypeError("no") }; f()'), {
      message: 'TypeError: no',
      remoteStack: /^TypeError: no\n +at f \(.*\n +at <anonymous>:\d+:\d+$/,
    })
    await t.rejects(evaluate(control, 'throw { odd: 1 }'), { message: '{ odd: 1 }' })
    await t.rejects(evaluate(control, '1 +'), { message: /SyntaxError/ })
    t.equal(await machine.get('/healthz'), 'ok', 'the app goes on')
  })

  await t.test('accepts one client after another, with garbage in between', async (t) => {
    control.close()
    const again = await machine.control()
    t.equal(await again.call('repl', { source: 'answer' }), '42', 'it is the same app')
    again.close()
  })

  await t.test('writes a report when Node runs out of memory, and logs it at the next start', async (t) => {
    await machine.get('/heap').catch(() => undefined)
    const report = await machine.waitFor('report.written')
    t.match(report, { trigger: 'OOMError', cause: /heap out of memory/, heap_mib: Number, pid: Number })
    await machine.waitFor('health.ok', 2)
    const after = await machine.control()
    const [newest] = await after.call('reports', {})
    t.equal(newest?.name, report['report'])
    const whole = await fetchJson<Record<string, unknown>>((onChunk) =>
      after.call('reports', { name: newest?.name ?? '' }, { onChunk }),
    )
    t.match(whole, { header: { trigger: 'OOMError' } })
    t.notMatch(JSON.stringify(whole), /hush-hush-value/)
    await t.rejects(after.call('reports', { name: '../lease.json' }), /report not found/)
    after.close()
  })

  await t.test('writes a report of an uncaught exception, and keeps three', async (t) => {
    for (let crash = 1; crash <= 3; crash++) {
      await machine.get('/throw').catch(() => undefined)
      const report = await machine.waitFor('report.written', crash + 1)
      t.match(report, { trigger: 'Exception', stack: ['Error: thrown by the probe', /at .*answers\.ts:\d+/] })
      await machine.waitFor('health.ok', crash + 2)
    }
    const after = await machine.control()
    t.equal((await after.call('reports', {})).length, 3)
    after.close()
  })

  await t.test('restarting the app does not count as a crash for PID 1', async (t) => {
    const before = await machine.control()
    const { pid } = await before.call('status', {})
    const ends = machine.events('node.exited').length
    const starts = machine.events('health.ok').length
    await before.call('app.restart', {})
    await machine.waitFor('health.ok', starts + 1)
    t.equal(machine.events('node.exited').length, ends)
    before.close()
    const after = await machine.control()
    t.equal((await after.call('status', {})).pid, pid)
    await t.rejects(after.call('repl', { source: 'answer' }), /ReferenceError/, 'it is a new app')
    after.close()
  })
})

await t.test('several processes', async (t) => {
  const machine = await boot(
    t,
    'controls',
    // A process that replaces another one has as long to start, too.
    { app: { processes: 2 }, machine: { cpus: 2 }, health: { timeout: 300 } },
    { instance: { repl: true } },
  )
  const control = await machine.control()
  const { workers } = await control.call('status', {})
  t.match(workers, [
    { worker: 1, pid: Number, restarts: 0 },
    { worker: 2, pid: Number, restarts: 0 },
  ])
  for (const { worker, pid } of workers) {
    t.equal(await control.call('repl', { source: 'process.pid', worker }), String(pid))
  }
  const functions = await profileBurning(machine, control, { worker: 2 })
  t.ok(functions.includes('burn file:///srv/app/answers.ts'), 'burn was seen')
  const { strings } = await fetchJson<{ strings: string[] }>((onChunk) =>
    control.call('profile.heap', { worker: 1 }, { onChunk }),
  )
  t.ok(strings.includes('file:///srv/app/answers.ts'))
  await t.rejects(
    control.call('profile.cpu', { seconds: 1, worker: 3 }),
    /worker not found: 3; running: 1, 2/,
  )

  await t.test('replaces workers one after the other, twice, without a failed request', async (t) => {
    const restarted = Promise.all([control.call('app.restart', {}), control.call('app.restart', {})])
    while (machine.events('worker.started').length < 6) t.equal(await machine.get('/healthz'), 'ok')
    await restarted
    t.notMatch(machine.events('worker.exited'), [{ delay_ms: Number }], 'it is no crash')
    t.match((await control.call('status', {})).workers, [{ restarts: 2 }, { restarts: 2 }])
  })

  await t.test('writes a report when a worker crashes', async (t) => {
    await machine.get('/throw').catch(() => undefined)
    t.match(await machine.waitFor('report.written'), { trigger: 'Exception' })
  })
})

await t.test('runs no code unless the hypervisor allows it', async (t) => {
  const machine = await boot(t, 'no-repl', {}, { append: 'nodeos.env.NODEOS_REPL=1 nodeos.repl=1' })
  const control = await machine.control()
  await t.rejects(control.call('repl', { source: '1 + 1' }), /the REPL is disabled/)
  t.equal((await control.call('status', {})).workers.length, 0)
})
