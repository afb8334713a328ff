import t from 'tap'
import { guestConfig } from '../../../kernel/contract/guest-config.ts'
import { initConf } from '../../../kernel/contract/init-conf.ts'
import { reportOptions } from '../../../kernel/contract/node-options.ts'
import {
  heapPercentage,
  primaryHeapPercentage,
  youngGeneration,
} from '../../../kernel/contract/node-options.ts'
import { load } from '../../config/fixture.ts'

await t.test('one process: Node runs the app, the system layer before it', async (t) => {
  const config = await load(t, {
    system: {
      app: { env: { A: 'x=y z', PORT: '9' }, nodeOptions: ['--no-warnings'] },
      ports: [{ guest: 53, protocol: 'udp' }, { guest: 3000 }],
      restart: {
        exitZero: 'poweroff',
        backoffInitial: 1,
        backoffMax: 2,
        crashLoopCount: 3,
        crashLoopWindow: 4,
        drainTimeout: 5,
      },
    },
  })
  const lines = initConf(config, { EXTRA: '1', A: 'lost' }).split('\n')
  t.equal(lines.pop(), '', 'ends with a line break')
  t.same(
    lines.filter((line) => line.startsWith('arg ')),
    [
      'arg /bin/node',
      `arg --max-old-space-size-percentage=${heapPercentage(1)}`,
      'arg --min-semi-space-size=8',
      'arg --max-semi-space-size=8',
      ...reportOptions('/run/nodeos/reports').map((option) => `arg ${option}`),
      'arg --import=/nodeos/system.mjs',
      'arg --no-warnings',
      'arg /srv/app/index.ts',
    ],
  )
  const env = new Set(lines.filter((line) => line.startsWith('env ')))
  t.ok(env.has('env A=x=y z'), 'the app goes over what the build adds')
  t.ok(env.has('env EXTRA=1'))
  t.ok(env.has('env PORT=9'), 'the app goes over the first port')
  t.same(
    lines.filter((line) => !/^(arg|env) /.test(line)),
    [
      'cwd /srv',
      'exit-zero poweroff',
      'backoff-initial-ms 1',
      'backoff-max-ms 2',
      'crash-loop-count 3',
      'crash-loop-window-s 4',
      'drain-timeout-s 5',
      'log-buffer-bytes 0',
    ],
  )
})

await t.test('PID 1 keeps a copy of the log where it is to be forwarded', async (t) => {
  const logs = { forward: 'syslog+tcp://collector:601', buffer: 16 }
  t.match(initConf(await load(t, { system: { logs } })), /^log-buffer-bytes 16384$/m)
  t.match(initConf(await load(t, { system: { data: {} } })), /^data data$/m)
  t.match(initConf(await load(t, { system: { data: { label: 'store' } } })), /^data store$/m)
  t.notMatch(initConf(await load(t, { system: {} })), /^data /m)
})

await t.test('PORT is the first tcp port, and not set without one', async (t) => {
  const ports = [{ guest: 53, protocol: 'udp' }, { guest: 3000 }, { guest: 4000 }]
  t.match(initConf(await load(t, { system: { ports } })), /^env PORT=3000$/m)
  t.notMatch(initConf(await load(t, { system: { ports: [], network: { mode: 'none' } } })), /^env PORT=/m)
})

for (const processes of [2, 'auto']) {
  await t.test(`${processes} processes: the system layer is the primary`, async (t) => {
    const conf = initConf(await load(t, { system: { app: { processes, nodeOptions: ['--no-warnings'] } } }))
    t.same(conf.match(/^arg .*$/gm), [
      'arg /bin/node',
      `arg --max-old-space-size-percentage=${primaryHeapPercentage}`,
      ...reportOptions('/run/nodeos/reports').map((option) => `arg ${option}`),
      'arg /nodeos/system.mjs',
    ])
  })
}

await t.test('the machine gets what it needs, and nothing of the build', async (t) => {
  const guest = guestConfig(await load(t, { system: { app: { env: { A: '1' } } } }))
  t.same(Object.keys(guest).sort(), [
    'app',
    'health',
    'hostname',
    'logs',
    'metrics',
    'network',
    'ports',
    'restart',
  ])
  t.same(Object.keys(guest.app).sort(), ['entry', 'nodeOptions', 'processes', 'writable'])
})

function size(memory: number, workers: number): string | undefined {
  return youngGeneration(memory, workers)[1]
}

await t.test('a young generation is a share of the memory, and never nothing', async (t) => {
  t.equal(size(64, 1), '--max-semi-space-size=2')
  t.equal(size(512, 1), '--max-semi-space-size=16')
  t.equal(size(490, 2), '--max-semi-space-size=7')
  t.equal(size(65_536, 1), '--max-semi-space-size=16', 'what V8 takes at most')
  t.equal(size(256, 64), '--max-semi-space-size=1')
})

await t.test('heaps leave room, however many', async (t) => {
  t.equal(heapPercentage(1), 60)
  t.equal(heapPercentage(4), 15)
  t.equal(heapPercentage(256), 5, 'V8 takes no heap of nothing')
  for (const workers of [2, 3, 7, 10]) {
    t.ok(workers * heapPercentage(workers) + primaryHeapPercentage <= 70, `${workers} workers and a primary`)
  }
})
