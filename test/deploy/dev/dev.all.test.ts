import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { limit, until } from '../../lib/until.ts'
import { checkout } from '../../lib/checkout.ts'
import { freePort } from '../../lib/ports.ts'

/** Of the two seconds after a save, what may pass with nothing computed: under emulation the rest is how fast the host is. */
const idleMs = 1500
/** With a client that stays. */
const drainedMs = 3000

interface Dev {
  child: ChildProcess
  output: () => string
  text: () => Promise<string | undefined>
  /** Replaces the app by one that responds with this text. */
  save: (text: string) => void
  /** Returns the inspector's description of the app. */
  inspected: (address?: string) => Promise<string | undefined>
  /** Connects to the app, and keeps it waiting for the rest of a request. */
  stay: () => void
  /** How long something takes, and how much of that neither the machine nor the command computes, or waits for a CPU. */
  time: (action: () => Promise<void>) => Promise<{ ms: number; idleMs: number }>
}

/** Starts npm run dev in a copy of the repository whose app answers with a text. */
async function dev(t: Test, flags: string[]): Promise<Dev> {
  const copy = checkout()
  t.teardown(() => copy.remove())
  const [port, inspect] = [await freePort(), await freePort()]
  const app = join(copy.path, 'app/dev')
  mkdirSync(app)
  const save = (text: string): void =>
    writeFileSync(
      join(app, 'index.ts'),
      `import { createServer } from 'node:http'\nconst text: string = ${text}\ncreateServer((_request, response) => void response.end(text)).listen(Number(process.env['PORT']))\n`,
    )
  save(`'one'`)
  writeFileSync(
    join(copy.path, 'config/local.json'),
    JSON.stringify({
      app: { entry: 'app/dev/index.ts', env: { GREETING: 'hello' }, processes: 2 },
      ports: [{ guest: port, host: port }],
      deploy: { options: { bind: '0.0.0.0' } },
    }),
  )
  const child = spawn('npm', ['--silent', 'run', 'dev', '--', '--inspect-port', String(inspect), ...flags], {
    cwd: copy.path,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const closed = once(child, 'close')
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    process.kill(-(child.pid ?? 0), 'SIGINT')
    await closed
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()))
  return {
    child,
    output: () => output,
    text: () => get(`http://127.0.0.1:${port}/`),
    save,
    inspected: (address = '127.0.0.1') => get(`http://${address}:${inspect}/json/list`),
    stay: () => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n'))
      socket.on('error', () => undefined)
      t.teardown(() => socket.destroy())
    },
    time: async (action) => {
      const marks = [copy.path, `--inspect-port\0${inspect}`]
      const before = computed(marks)
      const started = performance.now()
      await action()
      const ms = performance.now() - started
      const busy = [...computed(marks)].map(([pid, threads]) =>
        Math.max(...[...threads].map(([tid, busy]) => busy - (before.get(pid)?.get(tid) ?? 0))),
      )
      return { ms, idleMs: ms - busy.reduce((sum, busy) => sum + busy, 0) }
    },
  }
}

/** Milliseconds that each thread of some processes, found by their arguments, has had a CPU or waited for one. */
function computed(marks: readonly string[]): Map<string, Map<string, number>> {
  const pids = names('/proc').filter((pid) => {
    const argv = read(`/proc/${pid}/cmdline`)
    return marks.some((mark) => argv.includes(mark))
  })
  const threads = (pid: string): [string, number][] =>
    names(`/proc/${pid}/task`).map((tid) => {
      const [ran = 0, waited = 0] = read(`/proc/${pid}/task/${tid}/schedstat`).split(' ').map(Number)
      return [tid, (ran + waited) / 1e6]
    })
  return new Map(pids.map((pid) => [pid, new Map(threads(pid))]))
}

/** Nothing of what is gone. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

async function get(url: string): Promise<string | undefined> {
  return fetch(url, { signal: limit() }).then(
    async (response) => response.text(),
    () => undefined,
  )
}

for (const [where, flags] of [
  ['on this host', ['--host']],
  ['in a machine', []],
] as const) {
  await t.test(`the development loop ${where}`, async (t) => {
    const { child, output, text, save, inspected, stay, time } = await dev(t, [...flags])
    const saved = async (code: string, answer: string): Promise<{ ms: number; idleMs: number }> =>
      time(async () => {
        save(code)
        await until(`${answer} is served`, async () => (await text()) === answer)
      })
    await until(`it serves: ${output()}`, async () => (await text()) === 'one')
    t.match(await inspected(), /app\/dev\/index\.ts/, 'the inspector has the app')
    t.equal(await inspected('127.0.0.2'), undefined, 'no other host can reach it')
    const took = await saved(`\`two \${process.env['GREETING']}\``, 'two hello')
    t.comment(took)
    t.ok(took.idleMs < idleMs, `a save is served after ${took.ms} ms, of which ${took.idleMs} idle`)
    stay()
    const drained = await saved(`'stayed'`, 'stayed')
    t.comment(drained)
    t.ok(drained.idleMs < drainedMs, `${drained.ms} ms, ${drained.idleMs} idle, with a client that stays`)
    t.match(output(), /app\/dev\/index\.ts changed/)
    save('(')
    await until('a mistake is said', () => /SyntaxError|is not valid TypeScript/.test(output()))
    save(`'three'`)
    await until('the next save mends it', async () => (await text()) === 'three')
    save(`(() => { throw new Error('on line two') })()`)
    await until('a stack trace shows the source', () => /index\.ts:2:/.test(output()))
    process.kill(-(child.pid ?? 0), 'SIGINT')
    await once(child, 'close')
    t.equal(await text(), undefined, 'nothing is left running')
  })
}
