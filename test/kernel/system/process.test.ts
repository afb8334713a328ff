import { spawnSync } from 'node:child_process'
import t from 'tap'

const source = new URL('../../../kernel/system/process.ts', import.meta.url).href

/** Runs a module in a process of its own, after `node:http` was prepared: exports are read once a process. */
function run(code: string): unknown {
  const prepare = `
    import { deferUndici } from '${source}'
    deferUndici(process.getBuiltinModule('node:http'))
    const loaded = () => process.moduleLoadList.includes('NativeModule internal/deps/undici/undici')
    const http = await import('node:http')`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `${prepare}\n${code}`],
    {
      encoding: 'utf8',
    },
  )
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
