import { spawn } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { readOwnJson, writeJson } from '../../config/lib/json.ts'
import { isRunning, markProcess, type ProcessMark } from '../../config/lib/process.ts'
import { runSync, tail } from '../../config/lib/run.ts'
import { until } from '../../config/lib/until.ts'
import { awaitEnd } from '../qemu/machine.ts'
import { call } from './channel.ts'
import { startNoMore, startWithHost } from './crontab.ts'
import type { Home } from './home.ts'
import { hasSystemd, systemctl, unitFile, unitOf } from './systemd.ts'

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
      const script = join(import.meta.dirname, 'supervisor.ts')
      const child = spawn(process.execPath, [script, program, home.path], {
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
