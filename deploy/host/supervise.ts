import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import { findProgram } from '../../config/lib/find.ts'
import { readOwnJson, writeJson } from '../../config/lib/json.ts'
import { root } from '../../config/lib/paths.ts'
import { isRunning, markProcess, type ProcessMark } from '../../config/lib/process.ts'
import { type Result, runSync, shellLine, tail, tryRunSync } from '../../config/lib/run.ts'
import { until } from '../../config/lib/until.ts'
import { call } from './channel.ts'
import type { Home } from './home.ts'
import { hasSystemd, systemctl, unitFile, unitOf } from './systemd.ts'
import { awaitEnd } from '../qemu/machine.ts'

/** Keeps the service of a host running, and starts it with the host. */
export interface Supervisor {
  /**
   * Starts the service unless it runs, and with the host from now on. A restart would end its connections.
   *
   * @returns for a person: what runs the service, and what it lacks
   */
  start(): Promise<string>
  stop(): Promise<void>
  /**
   * Removes everything that `start` created on the host.
   *
   * @returns for a person: what remains
   */
  uninstall(): Promise<string | undefined>
}

const program = join(import.meta.dirname, 'service.ts')
/** A busy host starts it slowly. */
const startMs = 60_000

/** Chooses systemd if it runs for this user, else a process that restarts the service. */
export function supervisorOf(home: Home): Supervisor {
  return hasSystemd() ? systemd(home) : plain(home)
}

function systemd(home: Home): Supervisor {
  const unit = unitOf(home)
  const file = join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'systemd/user', unit)
  return {
    async start() {
      const summary = `systemd user unit ${unit}`
      if (existsSync(file) && (await answers(home))) return summary
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, unitFile(home, program))
      systemctl('daemon-reload')
      systemctl('enable', unit)
      systemctl('restart', unit)
      // Without lingering, the units of a user end with the last login.
      runSync(['loginctl', 'enable-linger', userInfo().username], {
        purpose: 'keep the service running without a login',
      })
      await answering(home)
      return summary
    },
    async stop() {
      if (existsSync(file)) systemctl('stop', unit)
    },
    async uninstall() {
      if (existsSync(file)) systemctl('disable', '--now', unit)
      await rm(file, { force: true })
      systemctl('daemon-reload')
      return `units of ${userInfo().username} still run without a login, because others may need it; to disable that: loginctl disable-linger`
    },
  }
}

function plain(home: Home): Supervisor {
  const file = join(home.path, 'supervisor.json')
  const running = async (): Promise<ProcessMark | undefined> => {
    const mark = await readOwnJson<ProcessMark>(file)
    return mark !== undefined && isRunning(mark) ? mark : undefined
  }
  const stop = async (): Promise<void> => {
    const mark = await running()
    if (mark === undefined) return
    process.kill(mark.pid, 'SIGTERM')
    if (!(await awaitEnd(mark, 5000))) process.kill(mark.pid, 'SIGKILL')
    await rm(file, { force: true })
  }
  return {
    async start() {
      const summary = `a background process, because this host has no systemd for this user; ${startWithHost(home)}`
      if ((await running()) !== undefined && (await answers(home))) return summary
      await stop()
      await mkdir(home.path, { recursive: true, mode: 0o700 })
      const output = openSync(home.log, 'a')
      const child = spawn(process.execPath, [import.meta.filename, program, home.path], {
        cwd: '/',
        detached: true,
        stdio: ['ignore', output, output],
      })
      child.unref()
      const mark = child.pid === undefined ? undefined : markProcess(child.pid)
      if (mark === undefined) throw await failed(home)
      await writeJson(file, mark)
      await answering(home)
      return summary
    },
    stop,
    async uninstall() {
      startNoMore(home)
      await stop()
      return undefined
    },
  }
}

/** Waits until the service responds. @throws {UserError} with the end of its log */
async function answering(home: Home): Promise<void> {
  const running = await until(() => answers(home), { timeoutMs: startMs })
  if (running !== true) throw await failed(home)
}

/** Returns whether the service runs; then it has loaded every appliance, new ones too. */
function answers(home: Home): Promise<boolean> {
  const { report } = call(home.socket, { verb: 'load', appliance: '' }, () => undefined)
  return report.then(
    () => true,
    () => false,
  )
}

async function failed(home: Home): Promise<UserError> {
  const printed = await readFile(home.log, 'utf8').catch(() => '')
  return new UserError('the service did not start', { hint: tail(printed, 15) || `${home.log} is empty` })
}

/** Names of cron's process; busybox is named after the command that it runs as. */
const daemons = new Set(['cron', 'crond', 'dcron', 'fcron'])

/** Adds an entry to the crontab that starts the service with the host. @returns how it starts, or what the owner has to do */
export function startWithHost(home: Home): string {
  const problem = writeEntries(home, [`@reboot ${escaped(command(home))} ${mark(home)}`])
  if (problem !== undefined) {
    return [
      `it does NOT start with the host (${problem})`,
      `           run this as ${userInfo().username} when the host starts, for example from /etc/rc.local:`,
      `           ${command(home)}`,
    ].join('\n')
  }
  return cronRuns()
    ? 'cron starts it with the host'
    : 'cron starts it with the host, but cron is NOT running: enable the cron service'
}

/** Removes the entry; other entries of the user stay. */
export function startNoMore(home: Home): void {
  writeEntries(home, [])
}

/** Returns the command that starts the service, with the PATH on which QEMU and git were found. */
function command(home: Home): string {
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder.startsWith('/') && !folder.includes('node_modules'))
  const argv = [process.execPath, join(root, 'deploy/cli/cli.ts'), 'host', 'restart', '--home', home.path]
  const set = shellLine([[...new Set(path)].join(delimiter)])
  return `PATH=${set} ${shellLine(argv)} >>${shellLine([home.log])} 2>&1`
}

/** Escapes percent signs, which end the command in a crontab. */
function escaped(line: string): string {
  return line.replaceAll('%', '\\%')
}

function mark(home: Home): string {
  return `# nodeos ${home.path}`
}

/** Replaces the entries of this home in the crontab. @returns why it failed */
function writeEntries(home: Home, own: readonly string[]): string | undefined {
  const listed = crontab(['-l'])
  if (listed === undefined) return 'crontab was not found'
  const none = listed.status !== 0 && /no crontab for/i.test(listed.stderr)
  if (listed.status !== 0 && !none) return `crontab: ${tail(listed.stderr, 1)}`
  const lines = none ? [] : listed.stdout.replace(/\n$/, '').split('\n')
  const others = lines.filter((line) => !line.endsWith(mark(home)))
  const all = [...others, ...own]
  if (all.join('\n') === lines.join('\n')) return undefined
  const written = all.length === 0 ? crontab(['-r']) : crontab(['-'], `${all.join('\n')}\n`)
  return written?.status === 0 ? undefined : `crontab: ${tail(written?.stderr ?? '', 1)}`
}

/** Runs crontab, if the host has it. */
function crontab(argv: readonly string[], input = ''): Result | undefined {
  if (findProgram('crontab') === undefined) return undefined
  return tryRunSync(['crontab', ...argv], { purpose: 'edit the crontab', input, env: { LC_ALL: 'C' } })
}

function cronRuns(): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return daemons.has(readFileSync(`/proc/${pid}/comm`, 'latin1').trim())
    } catch {
      return false
    }
  })
}

const retryMs = 1000

/** Runs a program again whenever it ends, until this process gets a signal. */
async function keepRunning(argv: readonly string[]): Promise<void> {
  const ending = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())
  // Closing the terminal must not end the service.
  process.on('SIGHUP', () => undefined)
  while (!ending.signal.aborted) {
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const stop = (): void => void child.kill('SIGTERM')
    ending.signal.addEventListener('abort', stop)
    const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    ending.signal.removeEventListener('abort', stop)
    if (ending.signal.aborted) break
    process.stdout.write(
      `${new Date().toISOString()} the service ended (${signal ?? `exit status ${status}`}): restarting it\n`,
    )
    await wait(retryMs, undefined, { signal: ending.signal }).catch(() => undefined)
  }
}

if (import.meta.main) await keepRunning(process.argv.slice(2))
