import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { root } from '../../config/lib/paths.ts'

interface Setting {
  /** What `uname -s` and `uname -m` say. */
  system?: string
  machine?: string
  /** Text of the locked Node, a shell script here; left out when npm did not install it. */
  node?: string | undefined
}

interface Outcome {
  status: number | null
  stderr: string
  /** The commands, in order. */
  calls: string[]
}

function script(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

/** A clone with this script, an npm and a Node that only note that they were run. */
function clone(t: Test, { system = 'Linux', machine = 'x86_64', node }: Setting) {
  const folder = t.testdir({ bin: {}, clone: { build: {}, node_modules: { '.bin': {} } }, calls: '' })
  const calls = join(folder, 'calls')
  cpSync(join(root, 'build/install.sh'), join(folder, 'clone/build/install.sh'))
  script(join(folder, 'bin/uname'), `case $1 in -m) echo ${machine} ;; *) echo ${system} ;; esac`)
  // As npm does: the install script runs again, now under npm install.
  const again = node === undefined ? ':' : `cp ${join(folder, 'node')} node_modules/.bin/node`
  script(
    join(folder, 'bin/npm'),
    `echo "npm $*" >> ${calls}; ${again}; npm_command=install exec sh build/install.sh`,
  )
  if (node !== undefined) script(join(folder, 'node'), `echo "node $*" >> ${calls}\n${node}`)
  const run = (env: Record<string, string>): Outcome => {
    const { status, stderr } = spawnSync('sh', [join(folder, 'clone/build/install.sh')], {
      cwd: '/',
      env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, ...env },
      encoding: 'utf8',
      timeout: 20_000,
    })
    const lines = readFileSync(calls, 'utf8').trim().split('\n').filter(Boolean)
    return { status, stderr, calls: lines.filter((line) => line !== 'node --version') }
  }
  return { folder, run }
}

const runs = { node: 'exit 0' }

for (const npm_command of ['run', 'run-script']) {
  await t.test(`npm ${npm_command} install on a clean clone becomes npm install, once`, async (t) => {
    const { folder, run } = clone(t, runs)
    t.notOk(existsSync(join(folder, 'clone/node_modules/.bin/node')))
    t.strictSame(run({ npm_command }), {
      status: 0,
      stderr: '',
      calls: ['npm install', 'node build/setup.ts'],
    })
    t.strictSame(
      run({ npm_command }).calls.slice(2),
      ['npm install', 'node build/setup.ts'],
      'and again later',
    )
  })
}

for (const npm_command of ['install', 'ci']) {
  await t.test(`npm ${npm_command} goes straight to the set-up`, async (t) => {
    const { folder, run } = clone(t, runs)
    cpSync(join(folder, 'node'), join(folder, 'clone/node_modules/.bin/node'))
    t.strictSame(run({ npm_command }), { status: 0, stderr: '', calls: ['node build/setup.ts'] })
  })
}

await t.test('takes the npm that runs it rather than another one on PATH', async (t) => {
  const { folder, run } = clone(t, runs)
  const own = join(folder, 'own-npm')
  writeFileSync(own, `echo "own $*" >> ${join(folder, 'calls')}\n`)
  const { calls } = run({ npm_command: 'run', npm_node_execpath: '/bin/sh', npm_execpath: own })
  t.strictSame(calls, ['own install'])
})

await t.test('a package manager that calls every run "run" causes no loop', async (t) => {
  const { folder, run } = clone(t, runs)
  const npm = join(folder, 'bin/npm')
  writeFileSync(npm, readFileSync(npm, 'utf8').replace('npm_command=install', 'npm_command=run'))
  t.strictSame(run({ npm_command: 'run' }).calls, ['npm install', 'node build/setup.ts'])
})

await t.test('an npm install that fails fails the script', async (t) => {
  const { folder, run } = clone(t, runs)
  writeFileSync(join(folder, 'bin/npm'), '#!/bin/sh\nexit 7\n')
  t.equal(run({ npm_command: 'run' }).status, 7)
})

await t.test(
  'macOS and Windows install for their editors and are pointed to the dev container',
  async (t) => {
    for (const [system, name] of [
      ['Darwin', 'macOS'],
      ['MINGW64_NT-10.0', 'MINGW64_NT-10.0'],
    ] as const) {
      const { status, stderr } = clone(t, { system }).run({ npm_command: 'install' })
      t.equal(status, 0)
      t.match(stderr, `builds need Linux, and this host runs ${name}`)
      t.match(stderr, '.devcontainer/')
    }
  },
)

await t.test('other processors are pointed there too', async (t) => {
  const { status, stderr } = clone(t, { machine: 'riscv64' }).run({ npm_command: 'install' })
  t.equal(status, 0)
  t.match(stderr, 'builds need x86-64, and this host is riscv64')
})

await t.test('npm install --omit=optional leaves no Node, and says so', async (t) => {
  const { status, stderr } = clone(t, {}).run({ npm_command: 'install', npm_config_omit: 'optional' })
  t.equal(status, 1)
  t.match(stderr, 'npm did not install the Node that NodeOS builds with')
  t.match(stderr, '--omit=optional')
})

await t.test('a Node that does not run here is shown with what it says', async (t) => {
  const { folder, run } = clone(t, { node: "echo 'GLIBC_2.28 not found' >&2; exit 1" })
  cpSync(join(folder, 'node'), join(folder, 'clone/node_modules/.bin/node'))
  script(join(folder, 'bin/ldd'), 'echo "ldd (Old GLIBC) 2.17"')
  const { status, stderr } = run({ npm_command: 'install' })
  t.equal(status, 1)
  t.match(stderr, 'GLIBC_2.28 not found')
})

await t.test('Alpine, where it cannot run, is pointed to the dev container', async (t) => {
  const { folder, run } = clone(t, { node: 'exit 127' })
  cpSync(join(folder, 'node'), join(folder, 'clone/node_modules/.bin/node'))
  script(join(folder, 'bin/ldd'), 'echo "musl libc (x86_64)" >&2; exit 1')
  const { status, stderr } = run({ npm_command: 'install' })
  t.equal(status, 0)
  t.match(stderr, 'this Linux has musl')
  t.match(stderr, '.devcontainer/')
})

await t.test('what the set-up ends with is what the script ends with', async (t) => {
  const { folder, run } = clone(t, { node: '[ "$1" = --version ] || exit 3' })
  cpSync(join(folder, 'node'), join(folder, 'clone/node_modules/.bin/node'))
  t.equal(run({ npm_command: 'install' }).status, 3)
})

await t.test('npm really runs it, on a clean clone too', async (t) => {
  const folder = t.testdir({
    'package.json': JSON.stringify({
      name: 'clone',
      version: '1.0.0',
      scripts: { install: 'sh build/install.sh' },
    }),
    build: {
      'setup.ts': "import { writeFileSync } from 'node:fs'\nwriteFileSync('set-up', process.execPath)\n",
    },
  })
  cpSync(join(root, 'build/install.sh'), join(folder, 'build/install.sh'))
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
  cpSync(join(root, 'node_modules/.bin/node'), join(folder, 'node_modules/.bin/node'), { dereference: false })
  const { status, stderr } = spawnSync('npm', ['run', 'install', '--offline'], {
    cwd: folder,
    encoding: 'utf8',
  })
  t.equal(status, 0, stderr)
  t.equal(readFileSync(join(folder, 'set-up'), 'utf8'), process.execPath, 'on the locked Node')
})

/** What build/host/unsupported.cjs says on a host of this kind. */
function guard(t: Test, flags: string[], host: string): Outcome & { calls: never[] } {
  const folder = t.testdir({ 'host.cjs': host })
  const argv = ['--require', join(folder, 'host.cjs'), join(root, 'build/host/unsupported.cjs'), ...flags]
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  return { status, stderr, calls: [] }
}

const on = (platform: string): string =>
  `Object.defineProperty(process, 'platform', { value: '${platform}' })`

await t.test(
  'builds on macOS and Windows end with the way to the dev container, whatever Node runs them',
  (t) => {
    for (const [platform, name] of [
      ['darwin', 'macOS'],
      ['win32', 'Windows'],
    ] as const) {
      const { status, stderr } = guard(t, ['--build'], on(platform))
      t.equal(status, 1)
      t.match(stderr, `error: builds need Linux, and this host runs ${name}`)
      t.match(stderr, '.devcontainer/')
    }
    t.same(guard(t, ['--build'], on('linux')), { status: 0, stderr: '', calls: [] })
    t.match(
      guard(t, [], on('win32')),
      { status: 0, stderr: /^\nwarning: .* Windows/ },
      'npm install there goes on',
    )
    t.match(guard(t, [], on('linux')), { status: 1, stderr: '' }, 'build/install.sh has said why')
    t.end()
  },
)

await t.test('a Node without TypeScript is an error that names npm install', (t) => {
  const { status, stderr } = guard(
    t,
    ['--build'],
    "Object.defineProperty(process.features, 'typescript', { value: false })",
  )
  t.equal(status, 1)
  t.match(stderr, /error: Node [\d.]+ cannot run builds: use the Node that npm install adds/)
  t.end()
})

await t.test('what builds, tests and diagnoses begins with that', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const name of ['prebuild', 'predoctor', 'pretest'])
    t.match(scripts[name], /^node build\/host\/unsupported\.cjs --build\b/)
})
