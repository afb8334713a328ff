import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Explanation } from '../../../deploy/failure/app.ts'
import { type Context, deployError, explain, isFinal } from '../../../deploy/failure/explain.ts'

const context: Context = {
  port: 8080,
  path: '/healthz',
  timeout: 60,
  memory: 256,
  emulated: true,
  end: 'timed out',
  idle: 30,
}

type Fields = Record<string, unknown>

function event(name: string, fields: Fields = {}): string {
  return `${JSON.stringify({ time: '2026-01-01T00:00:00.000Z', uptime: 1, stage: 'app', event: name, ...fields })}\n`
}

const started = event('init.started') + event('node.started') + event('network.up', { address: '10.0.2.15' })

function explained(console: string, more: Partial<Context> = {}): Explanation {
  return explain(console, { ...context, ...more })
}

await t.test('where the app listens', (t) => {
  const at = (...places: Fields[]): Explanation =>
    explained(started + places.map((place) => event('app.listening', place)).join(''))
  const loopback = at({ address: '127.0.0.1', port: 8080 }, { address: '::1', port: 8080 })
  t.match(loopback, {
    cause:
      "the app listens on 127.0.0.1:8080 and [::1]:8080 only, which cannot be reached from outside: listen on '::'",
    hint: /server\.listen\(8080, '::'\)/,
  })
  t.match(loopback.lines[0], /app\.listening.*127\.0\.0\.1/)
  t.match(at({ address: '::', port: 3001 }), {
    cause: 'the app listens on [::]:3001, but the health check uses port 8080',
    hint: /process\.env\.PORT \(8080\).*"guest": 3001/,
  })
  t.match(at({ path: '/run/app.sock' }), {
    cause: 'the app listens on the Unix socket /run/app.sock only, and the health check uses port 8080',
  })
  t.match(explained(started), {
    cause: 'the app does not listen on any port: nothing listened on port 8080 within 60 s',
    hint: /health\.timeout/,
  })
  t.match(
    explained(started + event('app.listening', { address: '10.0.2.15', port: 8080 })).cause,
    /was not healthy/,
    'an address of the machine is good',
  )
  t.end()
})

await t.test('what the health check got', (t) => {
  const listening = started + event('app.listening', { address: '::', port: 8080 })
  const waiting = (response: unknown): string => listening + event('health.waiting', { response })
  const cause = 'the health check GET /healthz on port 8080 responded with'
  for (const [status, hint] of [
    [404, /add a route for GET \/healthz/],
    [302, /redirect/],
    [401, /authorization/],
    [400, /Host header/],
    [503, /not healthy/],
    [204, /must respond with 200/],
  ] as const) {
    const expected = { cause: `${cause} ${status} instead of 200`, hint }
    t.match(explained(listening, { answer: status }), expected, `${status}, from outside`)
    t.match(explained(waiting(status), { answer: 'closed' }), expected, `${status}, in the machine`)
  }
  for (const [response, expected, hint] of [
    ['timed out', 'accepts connections but does not respond', /event loop/],
    ['closed', 'closes connections without a response', /client certificate/],
    ['not HTTP', 'does not respond in HTTP', /health\.port/],
  ] as const) {
    t.match(explained(waiting(response), { answer: 'closed' }), {
      cause: `the app ${expected} to the health check GET /healthz on port 8080`,
      hint,
    })
  }
  t.match(explained(listening + event('health.ok'), { answer: 'timed out' }), {
    cause:
      'the app is healthy inside the machine, but its port 8080 did not respond from outside within 60 s',
  })
  t.end()
})

await t.test('a crash by a signal', (t) => {
  const crash = (fields: Fields, more = ''): Explanation =>
    explained(started + event('node.exited', fields) + more + event('machine.rebooting'), { end: 'failed' })
  t.match(crash({ signal: 4, name: 'Illegal instruction' }), {
    cause:
      'the app executed an instruction that the CPU of the machine does not have (it ended once, killed by signal 4 (Illegal instruction))',
    hint: /-cpu max/,
  })
  const killed = { in: 'addon.node', cpu: 'QEMU Virtual CPU', missing: 'sse4_2 popcnt', hint: 'use -cpu max' }
  t.match(crash({ signal: 4, name: 'Illegal instruction' }, event('app.killed', killed)), {
    cause:
      /does not have, in addon\.node; the CPU is QEMU Virtual CPU, without sse4_2 popcnt \(it ended once/,
    hint: 'use -cpu max',
  })
  t.match(crash({ signal: 11, name: 'Segmentation fault' }).cause, /native code \(segmentation fault\)/)
  t.match(
    explained(`${started}${event('worker.exited', { signal: 'SIGSEGV' })}${event('workers.failing')}`).cause,
    /segmentation fault\) \(it ended once, killed by signal SIGSEGV\)$/,
  )
  const oom = 'Out of memory: Killed process 57 (node) total-vm:1000kB\n'
  t.match(
    explained(
      started + oom + event('node.exited', { signal: 9, name: 'Killed' }) + event('machine.rebooting'),
    ),
    { cause: /^the machine ran out of memory: the kernel killed node \(machine\.memory is 256 MiB\)/ },
  )
  t.end()
})

await t.test('the machine itself', (t) => {
  const panic = (reason: string): Explanation =>
    explained(`[    0.5] List of all partitions:\n[    0.6] Kernel panic - not syncing: ${reason}\n`)
  t.match(panic('VFS: Unable to mount root fs on unknown-block(254,0)'), {
    cause: 'the kernel does not find the runtime layer (root=/dev/vda)',
    lines: [/partitions/, /panic/],
  })
  t.match(
    panic('System is deadlocked on memory').cause,
    /too little memory to start \(machine\.memory is 256 MiB\)/,
  )
  t.match(panic('Fatal exception'), { cause: 'the kernel panicked: Fatal exception' })
  t.match(
    explained(`[ 1.0] Kernel panic - not syncing: x\n${started}`).cause,
    /does not listen/,
    'it started after all',
  )
  const failed = (error: string): Explanation => explained(event('init.failed', { error }))
  t.match(
    failed('app layer: /dev/vdb did not appear within 10000 ms').cause,
    /^the app layer was not found: /,
  )
  t.match(
    failed('data: no disk has an ext4 file system with the label data').cause,
    /^the data disk is missing: /,
  )
  t.match(failed('data: /dev/vdc needs a manual repair (e2fsck -p exited with 4): x'), {
    cause: /^the data disk has errors that cannot be repaired automatically: /,
    hint: /e2fsck/,
  })
  t.match(
    explained(event('node.failed', { error: '/bin/node: No such file or directory' })).cause,
    /^Node cannot be started/,
  )
  t.end()
})

await t.test('the network', (t) => {
  const local = event('app.listening', { address: '::', port: 8080 }) + event('health.ok')
  const missing = event('node.started') + event('network.missing', { interface: 'eth0' }) + local
  t.match(
    explained(missing, { answer: 'timed out' }).cause,
    /no network interface/,
    'healthy, but out of reach',
  )
  const boot = event('init.started') + event('node.started')
  t.match(
    explained(boot + event('network.missing', { interface: 'eth0' }), { idle: 1 }).cause,
    /no network interface \(wanted: eth0\)/,
  )
  t.match(
    explained(boot + event('network.pending', { interface: 'eth0' }), { idle: 1 }).cause,
    /no DHCP server responds on eth0/,
  )
  t.end()
})

await t.test('QEMU', (t) => {
  t.match(
    explained('', {
      end: 'ended',
      qemu: 'qemu-system-x86_64: cannot set up guest memory: Cannot allocate memory\n',
    }),
    {
      cause: /^QEMU ended before the machine was healthy: .*Cannot allocate memory$/,
    },
  )
  t.match(explained(started, { end: 'ended' }), { hint: /It printed nothing: it was killed/ })
  t.match(
    explained(started + event('shutdown.started', { cause: 'power button' }), { end: 'ended' }).cause,
    /was shut down before it was healthy \(power button\)/,
  )
  const done = event('node.exited', { status: 0 }) + event('shutdown.started', { cause: 'exit 0' })
  t.match(
    explained(started + done, { end: 'ended' }).cause,
    /^the app exits with status 0 before it is healthy, and the machine powers off/,
  )
  t.end()
})

await t.test('advice about slow emulation only while the machine makes progress', (t) => {
  const slow = /the CPU is emulated, which is slow/
  t.match(explained(started, { idle: 1 }), { cause: /was still making progress/, hint: slow })
  t.notMatch(explained(started, { idle: 1, emulated: false }).hint, slow)
  const named = [
    '',
    started,
    started + event('app.listening', { address: '127.0.0.1', port: 8080 }),
    started + event('app.listening', { address: '::', port: 3001 }),
    started + event('node.exited', { status: 1 }) + event('machine.rebooting'),
    event('init.failed', { error: 'data: no disk' }),
  ]
  for (const console of named) t.notMatch(`${explained(console).hint}`, slow, console)
  t.end()
})

await t.test('what ends the wait early', (t) => {
  for (const line of [
    event('machine.rebooting'),
    event('init.failed'),
    event('workers.failing'),
    event('health.failed', { final: true }),
    '[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs\n',
    '[ 1.0] Kernel panic - not syncing: x\n'.repeat(2),
  ])
    t.ok(isFinal(started + line), line)
  t.notOk(isFinal('[ 1.0] Kernel panic - not syncing: x\n'), 'the next start may be a good one')
  t.notOk(isFinal(started + event('health.failed') + event('node.exited', { status: 1 })))
  t.end()
})

await t.test('the error of a failed deploy', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'run/failed-console.log')
  const console = started + event('app.listening', { address: '127.0.0.1', port: 8080 })
  const error = deployError(console, context, file)
  t.match(error.message, /^the app listens on 127\.0\.0\.1:8080 only/)
  t.match(
    error.hint,
    /from the console:\n\n\{.*app\.listening.*\n\nthe whole console: .*failed-console\.log$/,
  )
  t.equal(readFileSync(file, 'utf8'), console)
  t.match(deployError('', context, file), { hint: /the console is empty$/ })
  mkdirSync(join(folder, 'folder'))
  t.notMatch(
    deployError(console, context, join(folder, 'folder')).hint,
    /whole console/,
    'it cannot be written',
  )
})
