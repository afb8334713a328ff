import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkout } from '../lib/checkout.ts'
import { freePort } from '../lib/ports.ts'

t.setTimeout(30 * 60_000)

/** Output of deploys whose apps fail, on real machines. */
const copy = checkout()
t.teardown(() => {
  npm('run', 'deploy:stop')
  copy.remove()
})
mkdirSync(join(copy.path, 'app/broken'))

function npm(...argv: string[]): ReturnType<typeof copy.run> {
  return copy.run(['npm', '--silent', ...argv], { NODEOS_ACCEL: 'tcg' })
}

/** Builds and deploys one module in the place of the app. The time-out is generous: no cause may wait for it. */
async function deploy(source: string): Promise<{ status: number | null; output: string; seconds: number }> {
  writeFileSync(join(copy.path, 'app/broken/index.ts'), source)
  const config = {
    app: { entry: 'app/broken/index.ts' },
    ports: [{ guest: 8080, host: await freePort() }],
    health: { timeout: 900 },
    restart: { backoffInitial: 1, backoffMax: 1, crashLoopCount: 2 },
  }
  writeFileSync(join(copy.path, 'config/local.json'), JSON.stringify(config))
  const built = npm('run', 'build')
  if (built.status !== 0) throw new Error(built.output)
  const started = performance.now()
  return { ...npm('run', 'deploy'), seconds: (performance.now() - started) / 1000 }
}

await t.test('explains an app that listens on loopback only', async (t) => {
  const { status, output, seconds } = await deploy(
    `import { createServer } from 'node:http'
     createServer((_, response) => void response.end('ok')).listen(8080, '127.0.0.1')`,
  )
  t.equal(status, 1)
  t.match(
    output,
    /^error: the app listens on 127\.0\.0\.1:8080 only, which cannot be reached from outside: listen on '::'$/m,
  )
  t.match(output, /"event":"app\.listening","address":"127\.0\.0\.1","port":8080/)
  t.match(output, /the whole console: .*failed-console\.log/)
  t.notMatch(output, /emulated/)
  t.ok(seconds < 600, 'it does not wait for the time-out')
})

await t.test('shows the first error of an app that throws, and the whole console', async (t) => {
  const { status, output } = await deploy(
    `import { existsSync, writeFileSync } from 'node:fs'
     const again = existsSync('/tmp/again')
     writeFileSync('/tmp/again', '')
     throw new Error(again ? 'address in use' : 'no database')`,
  )
  t.equal(status, 1)
  t.match(
    output,
    /^error: the app throws Error: no database \(app\/broken\/index\.ts:\d\) \(it ended 2 times, exit status 1\)$/m,
  )
  t.notMatch(output, /Error: address in use|emulated/)
  const [, file = ''] = /the whole console: (.*)/.exec(output) ?? []
  t.match(readFileSync(file, 'utf8'), /Error: address in use/)
})
