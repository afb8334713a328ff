import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import { byLine, tail, tryRun } from '../../config/lib/run.ts'

export interface AptOptions {
  /** The words before `apt-get`: none for root, `sudo -n` for others. */
  prefix: readonly string[]
  /** File that keeps everything apt prints. */
  log: string
  /** Called with what apt is doing, for the progress line. */
  doing: (text: string) => void
  /** Called once when another program holds apt's locks. */
  waiting: (text: string) => void
  /** Milliseconds between attempts while the package lists are locked. */
  retryDelay?: number
}

const lockAttempts = 120

/** sudo drops the environment, hence env: no prompts, and no restarts of services. */
const quietApt = [
  'env',
  'LC_ALL=C',
  'DEBIAN_FRONTEND=noninteractive',
  'NEEDRESTART_SUSPEND=1',
  'apt-get',
  '-qy',
  '-oDpkg::Use-Pty=0',
  '-oDPkg::Lock::Timeout=600',
]

/**
 * Installs packages without prompts. Refreshes the package lists only if they are too old.
 *
 * @throws {UserError} with the end of apt's output
 */
export async function aptInstall(packages: readonly string[], options: AptOptions): Promise<void> {
  await mkdir(dirname(options.log), { recursive: true })
  await rm(options.log, { force: true })
  const install = ['install', '--no-install-recommends', ...packages]
  if ((await apt(install, options)) === 0) return
  options.doing('refreshing the package lists')
  await aptUpdate(options)
  if ((await apt(install, options)) === 0) return
  throw await failure('install packages', options.log)
}

/** Refreshes the package lists, and waits for their lock: apt waits only for dpkg's. */
async function aptUpdate(options: AptOptions): Promise<void> {
  for (let attempt = 1; attempt <= lockAttempts; attempt += 1) {
    if ((await apt(['update'], options)) === 0) return
    const said = tail(await readFile(options.log, 'utf8'), 5)
    if (!/Could not get lock|Unable to lock directory/.test(said)) break
    await delay(options.retryDelay ?? 5000)
  }
  throw await failure('refresh the package lists', options.log)
}

async function apt(verb: readonly string[], options: AptOptions): Promise<number> {
  const kept = createWriteStream(options.log, { flags: 'a' })
  const print = (): ((text: string) => void) => {
    const show = byLine((line) => report(line, options))
    return (text) => {
      kept.write(text)
      show(text)
    }
  }
  try {
    const argv = [...options.prefix, ...quietApt, ...verb] as [string, ...string[]]
    const purpose = 'install packages'
    return (await tryRun(argv, { purpose, onStdout: print(), onStderr: print() })).status
  } finally {
    kept.end()
    await finished(kept)
  }
}

function report(line: string, { doing, waiting }: AptOptions): void {
  const lock =
    /(?:Could not get lock|Waiting for cache lock).*?(?:held by process (\d+ \([^)]*\)))?\.?$/.exec(line)
  if (lock !== null)
    waiting(`waiting for another program that uses apt${lock[1] === undefined ? '' : `: process ${lock[1]}`}`)
  const [, download] = /^Get:\d+ \S+ \S+ \S+ (\S+) \S+ \S+ \[/.exec(line) ?? []
  if (download !== undefined) doing(`downloading ${download}`)
  const [, verb, name] = /^(Unpacking|Setting up) (\S+)/.exec(line) ?? []
  if (verb !== undefined) doing(`${verb.toLowerCase()} ${name}`)
}

async function failure(purpose: string, log: string): Promise<UserError> {
  const said = tail(await readFile(log, 'utf8'), 10)
  const universe = /Unable to locate package|no installation candidate/.test(said)
    ? '\n\non Ubuntu, some packages are in universe: sudo add-apt-repository universe'
    : ''
  return new UserError(`apt could not ${purpose}`, {
    hint: `${said}${universe}\n\nfull output: ${log}`,
  })
}
