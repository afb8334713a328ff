import { spawnSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { type Context, explain } from '../../../deploy/failure/explain.ts'

const context: Context = {
  port: 8080,
  path: '/healthz',
  timeout: 60,
  memory: 256,
  emulated: true,
  end: 'failed',
}

/** The console of a machine whose app ends again and again: what Node really prints, three times. */
function crashing(t: Test, files: Record<string, string>, options: readonly string[] = []): string {
  const folder = t.testdir({ app: files })
  const entry = Object.keys(files)[0] ?? ''
  const { stdout, stderr, status, signal } = spawnSync(
    process.execPath,
    [...options, `${folder}/app/${entry}`],
    { cwd: folder, encoding: 'utf8', env: {} },
  )
  const output = `${stdout}${stderr}`.replaceAll(folder, '/srv')
  const ending = signal === null ? `"status":${status}` : `"signal":6,"name":"${signal}"`
  const start = `{"time":"x","stage":"node","event":"node.started"}\n${output}\n`
  const end = `{"time":"x","stage":"node","event":"node.exited",${ending},"ran_ms":5}\n`
  return `${(start + end).repeat(3)}{"time":"x","stage":"node","event":"machine.rebooting","cause":"3 ends within 60 s"}\n`
}

const esm = { 'package.json': '{"type":"module"}' }
const times = '(it ended 3 times, exit status 1)'

const cases: Record<
  string,
  { files: Record<string, string>; cause: string | RegExp; hint?: RegExp; lines?: RegExp }
> = {
  'a module that is missing': {
    files: { 'index.mjs': `import { z } from '@scope/tool/lib'\nconsole.log(z)` },
    cause: `the module '@scope/tool', which app/index.mjs imports, is not in the image ${times}`,
    hint: /devDependencies are not packed.*npm install --save-prod @scope\/tool/,
    lines: /ERR_MODULE_NOT_FOUND/,
  },
  'a module that CommonJS requires': {
    files: { 'index.cjs': `require('express')` },
    cause: `the module 'express', which app/index.cjs imports, is not in the image ${times}`,
    hint: /npm install --save-prod express/,
  },
  'a file of the app that is missing': {
    files: { 'index.mjs': `import './lib/util.js'` },
    cause: `the file app/lib/util.js, which app/index.mjs imports, is not in the image ${times}`,
    hint: /app\.include/,
  },
  'a file that is read': {
    files: { 'index.cjs': `require('fs').readFileSync('/srv/templates/a.html')` },
    cause: `the app does not find the file templates/a.html ${times}`,
    hint: /app\.include/,
  },
  'a program that is run': {
    files: { 'index.cjs': `require('child_process').spawn('/usr/bin/git-x')` },
    cause: `the app runs the program /usr/bin/git-x, which the machine does not have ${times}`,
    hint: /no shell/,
  },
  'an uncaught exception': {
    files: { 'index.mjs': `console.log('starting')\nconst config = undefined\nconfig.port` },
    cause: `the app throws TypeError: Cannot read properties of undefined (reading 'port') (app/index.mjs:3) ${times}`,
    lines: /^file:\/\/\/srv\/app\/index\.mjs:3\nconfig\.port/,
  },
  'a rejection that is not handled': {
    files: { 'index.cjs': `Promise.reject(new RangeError('too small'))` },
    cause: `the app throws RangeError: too small (app/index.cjs:1) ${times}`,
  },
  'import in CommonJS': {
    files: { 'index.cjs': `import x from 'node:fs'` },
    cause: `ES module and CommonJS are mixed in app/index.cjs:1: SyntaxError: Cannot use import statement outside a module ${times}`,
    hint: /\.mjs/,
  },
  'CommonJS in an ES module': {
    files: { 'index.js': `exports.a = 1`, ...esm },
    cause: `ES module and CommonJS are mixed in app/index.js:1: ReferenceError: exports is not defined in ES module scope ${times}`,
    hint: /\.cjs/,
  },
  'a syntax error': {
    files: { 'index.mjs': `const = 1` },
    cause: `app/index.mjs:1 has a syntax error: SyntaxError: Unexpected token '=' ${times}`,
  },
  'a name that is not exported': {
    files: { 'index.mjs': `import { nothing } from 'node:fs'` },
    cause:
      /^app\/index\.mjs:1 has a syntax error: SyntaxError: The requested module 'node:fs' does not provide an export named 'nothing'/,
  },
  'an address that is not the machine’s': {
    files: { 'index.cjs': `require('http').createServer().listen(8080, '192.0.2.1')` },
    cause: `the app listens on 192.0.2.1:8080, which is not an address of the machine ${times}`,
    hint: /'::'/,
  },
  'two servers on one port': {
    files: {
      'index.cjs': `const { createServer } = require('http')
        const server = createServer().listen(0, '127.0.0.1', () =>
          createServer().listen(server.address().port, '127.0.0.1'))`,
    },
    cause: /^the app listens twice on 127\.0\.0\.1:\d+: the address is already in use/,
  },
  'exit 0 at once': {
    files: { 'index.cjs': `console.log('done')` },
    cause: 'the app exits with status 0 before it is healthy (it ended 3 times, exit status 0)',
    hint: /Nothing keeps it running/,
    lines: /^done/,
  },
  'exit 1 with a log of its own': {
    files: { 'index.cjs': `console.error('DATABASE_URL is not set'); process.exit(1)` },
    cause: 'the app ends by itself: it ended 3 times, exit status 1',
    lines: /^DATABASE_URL is not set/,
  },
  'exit 1 without a word': {
    files: { 'index.cjs': `process.exit(1)` },
    cause: 'the app ends by itself: it ended 3 times, exit status 1',
    hint: /process\.exit\(\) without a message/,
  },
}

for (const [name, { files, cause, hint, lines }] of Object.entries(cases)) {
  await t.test(name, (t) => {
    const found = explain(crashing(t, files), context)
    if (typeof cause === 'string') t.equal(found.cause, cause)
    else t.match(found.cause, cause)
    if (hint !== undefined) t.match(found.hint, hint)
    if (lines !== undefined) t.match(found.lines.join('\n'), lines)
    t.match(found.lines.join('\n'), /node\.exited/)
    t.end()
  })
}

await t.test('the heap of V8 is full', (t) => {
  const files = { 'index.cjs': `const all = []; for (;;) all.push({ a: [1, 2, 3] })` }
  const found = explain(crashing(t, files, ['--max-old-space-size=8']), context)
  t.match(found, {
    cause:
      /^the app ran out of memory: V8's heap reached its limit \(machine\.memory is 256 MiB\) \(it ended 3 times/,
    hint: /raise machine\.memory/,
  })
  t.match(found.lines.join('\n'), /JavaScript heap out of memory/)
  t.end()
})

await t.test('an option that Node does not have', (t) => {
  const found = explain(crashing(t, { 'index.cjs': '' }, ['--no-such-option']), context)
  t.match(found, { cause: /^Node rejects the option --no-such-option/, hint: /app\.nodeOptions/ })
  t.end()
})

await t.test('an addon for another Node, or one whose library is missing', (t) => {
  const abi = `Error: The module '/srv/node_modules/better-sqlite3/build/Release/better_sqlite3.node'
was compiled against a different Node.js version using
NODE_MODULE_VERSION 115. This version of Node.js requires
NODE_MODULE_VERSION 137. Please try re-compiling or re-installing
the module (for instance, using \`npm rebuild\` or \`npm install\`).
    at Object..node (node:internal/modules/cjs/loader:1998:18) {
  code: 'ERR_DLOPEN_FAILED'
}

Node.js v24.21.0`
  const library = `Error: libvips-cpp.so.42: cannot open shared object file: No such file or directory
    at Object..node (node:internal/modules/cjs/loader:1998:18) {
  code: 'ERR_DLOPEN_FAILED'
}

Node.js v24.21.0`
  t.match(explain(consoleOf(abi), context), {
    cause:
      /^node_modules\/better-sqlite3\/build\/Release\/better_sqlite3\.node was compiled for another Node: its ABI is 115, the machine's Node needs 137/,
    hint: /npm run build/,
  })
  t.match(explain(consoleOf(library), context), {
    cause: /^a native addon cannot be loaded: it needs libvips-cpp\.so\.42, which is not in the image/,
  })
  t.end()
})

await t.test('what comes first counts, not the tenth restart', (t) => {
  const console = `${thrown('no database')}${thrown('address in use').repeat(9)}{"event":"machine.rebooting"}\n`
  const found = explain(console, context)
  t.match(
    found.cause,
    /^the app throws Error: no database \(app\/index\.js:1\) \(it ended 10 times, exit status 1\)$/,
  )
  t.match(found.lines[1], /no database/)
  t.notMatch(found.lines.join('\n'), /address in use/)
  t.end()
})

function consoleOf(text: string): string {
  return `${text}\n{"event":"node.exited","status":1}\n{"event":"machine.rebooting"}\n`
}

function thrown(message: string): string {
  return `file:///srv/app/index.js:1
throw new Error('${message}')
^

Error: ${message}
    at file:///srv/app/index.js:1:7

Node.js v24.21.0
{"event":"node.exited","status":1}
`
}
