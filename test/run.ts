import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { hostFacts } from '../build/host/facts.ts'
import { findProgram } from '../config/lib/find.ts'
import { requirements } from '../build/host/tools.ts'
import { UserError } from '../config/lib/errors.ts'
import { main } from '../config/lib/main.ts'
import { root } from '../config/lib/paths.ts'

/** How the files are named that only `npm run test:all` runs. */
const suffix = '.all.test.ts'

/** What every Linux that builds has: npm, coreutils, util-linux, grep, sed, findutils, gzip, diffutils and binutils. */
const base = [
  ...['basename', 'cat', 'chmod', 'chown', 'cp', 'cut', 'date', 'dd', 'dirname', 'du', 'echo', 'env', 'expr'],
  ...['false', 'head', 'hostname', 'id', 'install', 'ln', 'ls', 'mkdir', 'mkfifo', 'mknod', 'mktemp', 'mv'],
  ...['nice', 'nohup', 'nproc', 'od', 'printf', 'pwd', 'readlink', 'realpath', 'rm', 'rmdir', 'seq', 'sh'],
  ...['sha256sum', 'sleep', 'sort', 'stat', 'stty', 'tail', 'tee', 'test', 'timeout', 'touch', 'tr', 'true'],
  ...['truncate', 'tty', 'uname', 'uniq', 'wc', 'yes', 'mount', 'umount', 'setsid', 'setpriv', 'unshare'],
  ...[
    'nsenter',
    'flock',
    'npm',
    'npx',
    'find',
    'xargs',
    'grep',
    'sed',
    'gzip',
    'diff',
    'cmp',
    'getconf',
    'ldd',
  ],
  ...['ar', 'as', 'cc', 'ld', 'nm', 'ranlib', 'readelf', 'fsck.erofs', 'unsquashfs'],
]

/** The test files of one of the two commands, sorted. */
function testFiles(all: boolean): string[] {
  return globSync('test/**/*.test.ts', { cwd: root, exclude: ['**/node_modules/**', '**/.tap/**'] })
    .filter((file) => file.endsWith(suffix) === all)
    .sort()
}

/**
 * Fills a folder with links to what a build calls, and nothing else. With it as the only folder on PATH, a test that
 * calls another program fails everywhere, not only where that is not installed.
 */
function linkBuildTools(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const { path } = hostFacts(process.env)
  const compiler = spawnSync('gcc', ['-dumpmachine'], { encoding: 'utf8' }).stdout.trim()
  const built = requirements.filter(({ kind, stage }) => kind === 'command' && stage !== 'test')
  // musl-gcc calls the compiler by its longest name.
  const names = new Set([...base, `${compiler}-gcc`, ...built.map(({ name }) => name)])
  const links = new Map([['node', process.execPath]])
  for (const name of names) {
    const file = findProgram(name, path)
    if (file !== undefined) links.set(name, file)
  }
  // Correct links stay: another run may be using them.
  for (const name of readdirSync(folder)) {
    if (links.get(name) === readlinkSync(join(folder, name))) links.delete(name)
    else rmSync(join(folder, name))
  }
  for (const [name, file] of links) symlinkSync(file, join(folder, name))
}

async function run(files: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const tap = join(root, 'node_modules/tap/dist/esm/run.mjs')
  // One more than CPUs: many tests wait.
  const jobs = availableParallelism() + 1
  const argv = [tap, 'run', `--jobs=${jobs}`, `--reporter=${join(root, 'test/lib/reporter.ts')}`, ...files]
  const child = spawn(process.execPath, argv, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TEST_FILES: String(files.length), ...env },
  })
  const [status] = (await once(child, 'exit')) as [number | null]
  process.exitCode = status ?? 1
}

await main(
  import.meta,
  {
    usage: 'npm run test:unit --',
    example: 'npm run test:unit -- test/config/load.test.ts',
    summary: `Runs the tests that need only what a build needs, with no other program on PATH.
Tests in files named *${suffix} run with --all.`,
    options: { all: { type: 'boolean' } },
    help: { all: `run the files named *${suffix} instead, with every program on PATH` },
    words: ['[file…]'],
  },
  async ({ values, positionals }) => {
    const files = positionals.length > 0 ? positionals : testFiles(values.all === true)
    if (files.length === 0) throw new UserError('no test file found')
    const cache = join(root, 'node_modules/.cache')
    const env: NodeJS.ProcessEnv = { NODE_COMPILE_CACHE: join(cache, 'node') }
    if (files.some((file) => file.endsWith(suffix))) {
      // For commands that tests run as a user would: a busy host boots slowly.
      env['NODEOS_HEALTH_TIMEOUT'] = '300'
    } else {
      env['PATH'] = join(cache, 'build-tools')
      linkBuildTools(env['PATH'])
    }
    await run(files, env)
  },
)
