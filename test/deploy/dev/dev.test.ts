import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { until } from '../../fixtures/until.ts'
import { checkout } from '../../fixtures/checkout.ts'
import { freePort } from '../../kernel/fixtures/system.ts'

interface Dev {
  child: ChildProcess
  output: () => string
  text: () => Promise<string | undefined>
  /** Writes the app anew, as one that answers with this text. */
  save: (text: string) => void
  /** What the inspector says of the app. */
  inspected: () => Promise<string | undefined>
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
      app: { entry: 'app/dev/index.ts', env: { GREETING: 'hello' } },
      ports: [{ guest: port, host: port }],
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
    inspected: () => get(`http://127.0.0.1:${inspect}/json/list`),
  }
}

async function get(url: string): Promise<string | undefined> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    async (response) => response.text(),
    () => undefined,
  )
}

for (const [where, flags, ms] of [
  ['on this host', ['--host'], 15_000],
  ['in a machine', [], 120_000],
] as const) {
  await t.test(`the development loop ${where}`, async (t) => {
    const { child, output, text, save, inspected } = await dev(t, [...flags])
    await until(`it serves: ${output()}`, async () => (await text()) === 'one', ms)
    t.match(await inspected(), /app\/dev\/index\.ts/, 'the inspector has the app')
    const saved = Date.now()
    save(`\`two \${process.env['GREETING']}\``)
    await until('a change is served', async () => (await text()) === 'two hello', ms)
    t.comment(`a save was served after ${Date.now() - saved} ms`)
    t.match(output(), /app\/dev\/index\.ts changed/)
    save('(')
    await until('a mistake is said', () => /SyntaxError|cannot run as it is/.test(output()), ms)
    save(`'three'`)
    await until('the next save mends it', async () => (await text()) === 'three', ms)
    save(`(() => { throw new Error('on line two') })()`)
    await until('a stack trace shows the source', () => /index\.ts:2:/.test(output()), ms)
    process.kill(-(child.pid ?? 0), 'SIGINT')
    await once(child, 'close')
    t.equal(await text(), undefined, 'nothing is left running')
  })
}
