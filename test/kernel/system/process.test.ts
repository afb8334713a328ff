import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'
import t from 'tap'
import { root } from '../../../config/lib/paths.ts'

// In JavaScript: to strip types, Node loads what the stand-ins are for.
const source = join(t.testdir(), 'process.mjs')
await build({
  entryPoints: [join(root, 'kernel/system/process.ts')],
  outfile: source,
  bundle: true,
  platform: 'node',
  format: 'esm',
})

/** Runs a module in a process of its own, after `node:http` and `node:fs` were prepared: exports are read once a process. */
function run(body: string): unknown {
  const prepare = `
    import { deferExports } from '${source}'
    deferExports('node:http')
    deferExports('node:fs')
    const loaded = (name = 'deps/undici/undici') => process.moduleLoadList.includes('NativeModule internal/' + name)
    const http = await import('node:http')
    const fs = await import('node:fs')`
  const code = `${prepare}\n${body}`
  // The test runner adds modules to every child, by its environment, and they load what the stand-ins are for.
  const argv = ['-i', process.execPath, '--input-type=module', '-e', code]
  const { stdout, stderr } = spawnSync('env', argv, { encoding: 'utf8' })
  if (stderr !== '') throw new Error(stderr)
  return JSON.parse(stdout) as unknown
}

await t.test('an import of node:http does not load undici, until a stand-in is used', async (t) => {
  t.strictSame(run('console.log(JSON.stringify([loaded(), http.WebSocket.CONNECTING, loaded()]))'), [
    false,
    0,
    true,
  ])
})

await t.test('stand-ins behave as the classes do', async (t) => {
  const result = run(`
    const { MessageEvent: Standin } = http
    class Mine extends Standin {}
    const event = new Standin('message', { data: 5 })
    const mine = new Mine('message', { data: 6 })
    let called
    try { Standin('message') } catch (error) { called = error.constructor.name }
    console.log(JSON.stringify({
      data: event.data,
      instance: event instanceof Standin,
      real: event instanceof MessageEvent,
      mine: [mine.data, mine instanceof Mine, mine instanceof MessageEvent],
      name: Standin.name,
      prototype: Standin.prototype === MessageEvent.prototype,
      type: typeof Standin,
      called,
    }))`)
  t.strictSame(result, {
    data: 5,
    instance: true,
    real: true,
    mine: [6, true, true],
    name: 'MessageEvent',
    prototype: true,
    type: 'function',
    called: 'TypeError',
  })
})

await t.test('an import of node:fs loads streams and promises when they are used', async (t) => {
  const result = run(`
    const { promises, ReadStream, FileReadStream } = fs
    const before = [loaded('fs/promises'), loaded('fs/streams')]
    const size = (await promises.stat('/proc/self/exe')).size
    const between = [loaded('fs/promises'), loaded('fs/streams')]
    const stream = fs.createReadStream('/dev/null')
    const own = new FileReadStream('/dev/null')
    const classes = [stream instanceof ReadStream, own instanceof fs.default.ReadStream]
    promises.own = 1
    const written = [fs.default.promises.own, delete promises.own, 'own' in fs.default.promises]
    console.log(JSON.stringify({
      before, between, classes, written, known: size > 0,
      keys: Object.keys(promises).join() === Object.keys(fs.default.promises).join(),
      copied: { ...promises }.readFile === fs.default.promises.readFile,
    }))`)
  t.strictSame(result, {
    before: [false, false],
    between: [true, false],
    classes: [true, true],
    written: [1, true, false],
    known: true,
    keys: true,
    copied: true,
  })
})

await t.test('require and later reads get the real classes', async (t) => {
  const result = run(`
    const { createRequire } = await import('node:module')
    const required = createRequire(import.meta.url)('node:http')
    console.log(JSON.stringify([
      required.WebSocket === WebSocket,
      Object.keys(http).includes('WebSocket'),
      http.default === required,
    ]))`)
  t.strictSame(result, [true, true, true])
})
