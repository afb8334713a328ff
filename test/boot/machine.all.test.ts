import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { boot } from '../lib/machine.ts'

/** One machine with the defaults of the template answers for everything that Node applications rely on. */
const machine = await boot(
  t,
  'machine',
  {
    hostname: 'probe',
    app: { env: { BAKED: 'from the image', BOTH: 'from the image', GIVEN: 'from the image' } },
  },
  {
    append: 'nodeos.env.BOTH=from-the-command-line nodeos.env.GIVEN=from-the-command-line',
    instance: { env: 'GIVEN="from the hypervisor"\nSECRET=hush-hush-value\n', hostname: 'given-name' },
  },
)

const answers: [path: string, wanted: unknown, why: string][] = [
  ['/healthz', 'ok', 'HTTP'],
  ['/child', { status: 0, stdout: '42' }, 'child_process.spawn'],
  ['/fork', { answer: 42, forked: true }, 'child_process.fork of a TypeScript file'],
  ['/worker', 42, 'worker_threads with a TypeScript file'],
  ['/cluster', { distinct: 2 }, 'cluster'],
  ['/addon', 42, 'a native addon'],
  ['/wasm', 42, 'WebAssembly'],
  ['/tmp', 'written', 'files in /tmp'],
  ['/readonly', ['EROFS', 'EROFS', 'EROFS', 'EROFS', 'EROFS'], 'everything else is read-only'],
  ['/shell', ['ENOENT', 'ENOENT', 'ENOENT', 'ENOENT'], 'there is no shell'],
  ['/ipv4', 'there and back', 'IPv4 loopback'],
  ['/ipv6', 'there and back', 'IPv6 loopback'],
  ['/intl', 'Thursday, 1 January 1970', 'locale data'],
  [
    '/dns?name=localhost',
    [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ],
    'names in /etc/hosts',
  ],
  ['/env?name=BAKED', 'from the image', 'baked environment'],
  ['/env?name=BOTH', 'from-the-command-line', 'the command line wins over the image'],
  ['/env?name=GIVEN', 'from the hypervisor', 'fw_cfg wins over the command line'],
  ['/env?name=SECRET', 'hush-hush-value', 'fw_cfg carries secrets'],
  ['/env?name=NODE_ENV', 'production', 'NODE_ENV'],
  ['/env?name=PORT', '8080', 'PORT'],
  ['/env?name=NODEOS_START', null, 'the mark of the first process is gone'],
  ['/file?path=/etc/resolv.conf', 'nameserver 10.0.2.3\n', 'resolv.conf from DHCP'],
]

for (const [path, wanted, why] of answers) {
  await t.test(why, async (t) => {
    t.same(await machine.get(path), wanted)
  })
}

await t.test('the machine is as configured', async (t) => {
  const facts = (await machine.get('/machine')) as Record<string, unknown> & { processes: string }
  t.match(facts, { hostname: 'given-name', parent: 1, main: '/srv/app/index.ts', cwd: '/srv', worker: false })
  t.match(facts['interfaces'], { eth0: [{ address: '10.0.2.15' }] })
  const programs = new Set(facts.processes.trim().split(' '))
  t.same(programs, new Set(['/init', '/bin/node']), 'nothing else runs')
})

await t.test('nothing listens except the app', async (t) => {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => machine.get(`/file?path=/proc/net/${name}`)))
  const listening = tables.flatMap((table) =>
    [...String(table).matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F:]+ 0A /gm)].map(([, port = '']) =>
      Number.parseInt(port, 16),
    ),
  )
  t.same(listening, [8080])
})

await t.test('connects to a server on the host', async (t) => {
  const server = createServer((socket) => socket.end('hello from outside'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  t.equal(await machine.get(`/tcp?host=10.0.2.2&port=${port}`), 'hello from outside')
})

/** Seconds since power-on, and context switches until then. */
async function activity(): Promise<{ uptime: number; switches: number }> {
  const [uptime, stat] = await Promise.all(
    ['uptime', 'stat'].map(async (name) => String(await machine.get(`/file?path=/proc/${name}`))),
  )
  return { uptime: Number.parseFloat(uptime ?? ''), switches: Number(/^ctxt (\d+)$/m.exec(stat ?? '')?.[1]) }
}

await t.test('an idle machine sleeps', async (t) => {
  const before = await activity()
  await wait(4000)
  const after = await activity()
  const rate = (after.switches - before.switches) / (after.uptime - before.uptime)
  t.ok(rate < 150, `${rate.toFixed(0)} context switches a second`)
})

await t.test('system events are JSON lines with time, uptime and stage, without values of settings', (t) => {
  const names = ['init.started', 'node.started', 'network.up', 'app.listening', 'health.ok']
  let uptime = 0
  for (const name of names) {
    const [event] = machine.events(name)
    t.ok(event, name)
    t.match(event, { time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, stage: /^\w+$/ })
    t.ok((event?.['uptime'] as number) >= uptime, `${name} comes after what comes before it`)
    uptime = event?.['uptime'] as number
  }
  t.notMatch(machine.console(), /hush-hush-value/)
  t.notMatch(machine.console(), /from the hypervisor/)
  t.end()
})
