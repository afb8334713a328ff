import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { certify } from '../lib/certify.ts'
import { type Checkout, checkout } from '../lib/checkout.ts'
import { until } from '../lib/until.ts'
import { freePort } from '../lib/ports.ts'

t.setTimeout(30 * 60_000)

/** The commands as a user types them, in a copy of the repository. */
const copy = checkout()
t.teardown(() => {
  npm('run', 'deploy:stop')
  copy.remove()
})

function npm(...argv: string[]): ReturnType<Checkout['run']> {
  return copy.run(['npm', '--silent', ...argv], { NODEOS_ACCEL: 'tcg' })
}

function json(...argv: string[]): Record<string, unknown> {
  const { output } = npm(...argv)
  return JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? 'null') as Record<
    string,
    unknown
  >
}

function configure(change: object): void {
  const port = { ports: [{ guest: 8080, host }] }
  writeFileSync(join(copy.path, 'config/local.json'), JSON.stringify({ ...port, ...change }))
}

/** Processes of QEMU that boot something of the copy. */
function machines(): number {
  return spawnSync('pgrep', ['-f', `qemu-system.*${copy.path}`], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean).length
}

const host = await freePort()

await t.test('a deploy without a build explains what to do', (t) => {
  const { status, output } = npm('run', 'deploy')
  t.equal(status, 1)
  t.match(output, /there is no build in dist\/[^]*npm run build/)
  t.end()
})

async function health(): Promise<number> {
  const url = `http://127.0.0.1:${host}/healthz`
  // On a new connection: the next machine does not have those of the previous one.
  const headers = { connection: 'close' }
  return fetch(url, { headers, signal: AbortSignal.timeout(3000) }).then(
    ({ status }) => status,
    () => 0,
  )
}

await t.test('a dry run deploys nothing; its command line boots the machine', async (t) => {
  configure({})
  t.equal(npm('run', 'build').status, 0)
  const { output } = npm('run', 'deploy', '--', '--dry-run')
  t.equal(machines(), 0, 'nothing was started')
  t.notOk(existsSync(join(copy.path, 'dist/run')))
  const shell = spawn('sh', ['-c', output.trim()], { stdio: 'ignore', detached: true })
  const end = (): boolean => process.kill(-(shell.pid ?? 0), 'SIGKILL')
  t.teardown(() => shell.exitCode === null && shell.signalCode === null && end())
  await until('it is healthy', async () => (await health()) === 200)
  end()
  await once(shell, 'close')
})

await t.test('npm start builds, boots, waits for health and prints the URL', async (t) => {
  const before = Date.now()
  const { status, output } = npm('start')
  t.equal(status, 0, output)
  t.match(output, new RegExp(`http://127\\.0\\.0\\.1:${host}/`))
  const page = await (await fetch(`http://127.0.0.1:${host}/`, { headers: { connection: 'close' } })).text()
  t.match(page, /<title>nodeos<\/title>[^]*It runs/)
  const fact = (name: string): string | undefined =>
    new RegExp(`<dt>${name}</dt><dd>(.*?)</dd>`).exec(page)?.[1]
  t.equal(fact('Host name'), 'nodeos')
  t.equal(fact('Node'), process.versions.node)
  // The clock of a machine starts with that of this host, in whole seconds.
  const since = Date.parse(fact('Up since') ?? '')
  t.ok(since >= before - 1000 && since <= Date.now() + 1000, fact('Up since') ?? 'no time')
  const [, used, total] = /^(\d+) of (\d+) MB in use$/.exec(fact('Memory') ?? '') ?? []
  t.ok(Number(used) > 20 && Number(used) < Number(total), fact('Memory') ?? 'no memory')
  t.ok(Number(total) > 200 && Number(total) <= 256, fact('Memory') ?? 'no memory')
})

await t.test('status and logs, for a person and for a script', (t) => {
  t.match(npm('run', 'deploy:status').output, /is running: healthy/)
  t.match(json('run', 'deploy:status', '--', '--json'), {
    running: true,
    healthy: true,
    ports: [{ guest: 8080, host }],
  })
  const lines = npm('run', 'deploy:logs', '--', '--no-follow', '--json').output.trim().split('\n')
  t.ok(lines.map((line) => JSON.parse(line) as { event?: string }).some(({ event }) => event === 'health.ok'))
  t.end()
})

await t.test('the running app is profiled, and evaluates code', (t) => {
  const out = join(copy.path, 'profile.cpuprofile')
  const profiled = npm('run', 'profile', '--', '--seconds', '1', '--flame', '--out', out)
  t.equal(profiled.status, 0, profiled.output)
  t.match(profiled.output, /CPU busy: +\d+\.\d % of \d+\.\d s/)
  t.match(JSON.parse(readFileSync(out, 'utf8')), { nodes: Array, samples: Array, timeDeltas: Array })
  t.match(readFileSync(join(copy.path, 'profile.html'), 'utf8'), /<main><div class="frame/)
  const heap = join(copy.path, 'app.heapsnapshot')
  t.equal(npm('run', 'profile', '--', '--heap', '--out', heap).status, 0)
  t.match(JSON.parse(readFileSync(heap, 'utf8')), { snapshot: { node_count: Number } })
  t.match(npm('run', 'profile', '--', '--heap', '--flame').output, /--heap cannot be combined with --flame/)
  t.match(
    npm('run', 'profile', '--', '--seconds', 'ten').output,
    /--seconds: must be a number above 0, got 'ten'/,
  )

  t.equal(npm('run', 'repl', '--', '-e', '({ a: 1 + 1 })').output.trim(), '{ a: 2 }')
  const failed = npm('run', 'repl', '--', '-e', 'null.x')
  t.equal(failed.status, 1)
  t.match(failed.output, /Uncaught TypeError: .*\n +at <anonymous>:1:6\n/)
  t.end()
})

await t.test(
  'logs --follow ends with the machine and survives truncation of the console; stop is graceful',
  async (t) => {
    const logs = spawn('npm', ['--silent', 'run', 'deploy:logs'], {
      cwd: copy.path,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    logs.stdout.on('data', (data: Buffer) => (text += data.toString()))
    while (!text.includes('health.ok')) await wait(100)
    const console = join(copy.path, 'dist/run/console.log')
    truncateSync(console)
    t.match(json('run', 'deploy:stop', '--', '--json'), { stopped: true, ending: 'powered off' })
    await once(logs, 'close')
    t.match(text, /shutdown\.finished/)
    t.match(
      readFileSync(console, 'utf8'),
      /^\{"time":.*"event":"shutdown\.started"/,
      'it starts again at the beginning',
    )
    t.equal(npm('run', 'deploy:status').status, 3)
    t.match(npm('run', 'deploy:stop').output, /no machine is running/)
    t.match(npm('run', 'repl', '--', '-e', '1').output, /no machine is running[^]*npm run deploy/)
    t.equal(machines(), 0)
  },
)

await t.test('names the process that uses a port, suggests a free port, and starts nothing', async (t) => {
  const holder = createServer().listen(host, '127.0.0.1')
  await once(holder, 'listening')
  const refused = await new Promise<{ status: number | null; output: string }>((resolve) => {
    const child = spawn('npm', ['--silent', 'run', 'deploy'], {
      cwd: copy.path,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (output += data.toString()))
    child.on('close', (status) => resolve({ status, output }))
  })
  holder.close()
  t.equal(refused.status, 1)
  t.match(refused.output, new RegExp(`host port ${host} is already in use by .* \\(pid ${process.pid}\\)`))
  t.match(refused.output, /"ports": \[\{ "guest": 8080, "host": \d+ \}\][^]*npm run build/)
  t.equal(machines(), 0)
})

await t.test('a second deploy replaces the first', async (t) => {
  const first = json('run', 'deploy', '--', '--json')
  const second = json('run', 'deploy', '--', '--json')
  t.not(first['pid'], second['pid'])
  t.equal(machines(), 1)
  await until('it is healthy', async () => (await health()) === 200)
  npm('run', 'deploy:stop')
})

await t.test('reports an unhealthy machine with its console, and stops it', (t) => {
  configure({ health: { path: '/no-such-page', timeout: 25 } })
  t.equal(npm('run', 'build').status, 0)
  const { status, output } = npm('run', 'deploy')
  t.equal(status, 1)
  t.match(output, /the health check GET \/no-such-page on port 8080 responded with 404 instead of 200/)
  t.match(output, /"event":"app\.listening"/, 'the lines of the console that show it')
  t.notMatch(output, /emulated/)
  t.equal(machines(), 0)
  t.end()
})

/** A deploy whose machine was just started. */
async function deploying(): Promise<{ child: ChildProcess; output: () => string }> {
  const child = spawn('node', ['deploy/cli/cli.ts', 'deploy'], {
    cwd: copy.path,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODEOS_ACCEL: 'tcg' },
  })
  let output = ''
  child.stderr.on('data', (data: Buffer) => (output += data.toString()))
  while (machines() === 0) await wait(20)
  return { child, output: () => output }
}

await t.test('an interrupted deploy leaves no machine', async (t) => {
  const { child, output } = await deploying()
  child.kill('SIGINT')
  const [status] = (await once(child, 'close')) as [number]
  t.equal(status, 1)
  t.match(output(), /interrupted/)
  t.equal(machines(), 0)
})

await t.test('a deploy whose terminal closes leaves no machine', async (t) => {
  const { child } = await deploying()
  child.stderr?.destroy()
  child.kill('SIGHUP')
  const [status] = (await once(child, 'close')) as [number]
  t.equal(status, 1)
  t.equal(machines(), 0)
})

await t.test('stop and the next deploy find the machine of a killed deploy', async (t) => {
  const { child } = await deploying()
  child.kill('SIGKILL')
  await once(child, 'close')
  t.equal(machines(), 1)
  t.match(json('run', 'deploy:stop', '--', '--json'), { stopped: true })
  t.equal(machines(), 0)
})

await t.test('checks an app over TLS, and prints an https URL', async (t) => {
  const { certificate, key } = certify(t, 'localhost')
  const pair = JSON.stringify({ cert: certificate, key })
  mkdirSync(join(copy.path, 'app/secure'))
  writeFileSync(
    join(copy.path, 'app/secure/index.ts'),
    `import { createServer } from 'node:https'
     createServer(${pair}, (_, response) => void response.end('ok')).listen(Number(process.env['PORT']))`,
  )
  configure({ app: { entry: 'app/secure/index.ts' } })
  t.equal(npm('run', 'build').status, 0)
  const { status, output } = npm('run', 'deploy')
  t.equal(status, 0, output)
  t.match(output, new RegExp(`is up: https://127\\.0\\.0\\.1:${host}/`))
  t.match(npm('run', 'deploy:status').output, /is running: healthy/)
  npm('run', 'deploy:stop')
  rmSync(join(copy.path, 'app/secure'), { recursive: true })
})

await t.test('passes secrets by fw_cfg only, not in the image', async (t) => {
  const secret = 'correct-horse-battery-staple'
  writeFileSync(join(copy.path, '.env'), `API_TOKEN=${secret}\n`)
  writeFileSync(join(copy.path, 'app/.env.production'), `API_TOKEN=${secret}\n`)
  writeFileSync(join(copy.path, 'instance.env'), `API_TOKEN=${secret}\n`)
  configure({ deploy: { options: { env: 'instance.env' } } })
  t.equal(npm('run', 'build').status, 0)
  t.notOk(readFileSync(join(copy.path, 'dist/app.erofs')).includes(secret))
  t.notOk(readFileSync(join(copy.path, 'dist/manifest.json')).includes(secret))
  const listing = spawnSync(
    'dump.erofs',
    ['--path=/app/.env.production', join(copy.path, 'dist/app.erofs')],
    { encoding: 'utf8' },
  )
  t.notMatch(listing.stdout, /regular file/i)
  t.equal(npm('run', 'deploy').status, 0)
  const console = readFileSync(join(copy.path, 'dist/run/console.log'), 'utf8')
  t.match(console, /API_TOKEN/, 'its name is logged')
  t.notMatch(console, new RegExp(secret), 'its value is not')
  npm('run', 'deploy:stop')
  t.ok(existsSync(join(copy.path, 'dist/run/console.log')), 'the console stays to be read')
})

await t.test('builds only the app layer after a change of the app', (t) => {
  configure({})
  t.equal(npm('run', 'build').status, 0)
  writeFileSync(join(copy.path, 'app/extra.ts'), 'export const extra: number = 1\n')
  const { output } = npm('run', 'build')
  t.match(output, /kernel\/vmlinux .* unchanged/)
  t.match(output, /runtime .* unchanged/)
  t.match(output, /app .* built/)
  t.end()
})
