import { spawn } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { hashText } from '../../config/lib/hash.ts'
import { UserError } from '../../config/lib/errors.ts'
import { runSync, tail } from '../../config/lib/run.ts'
import { isRunning, markProcess, type ProcessMark } from '../../config/lib/process.ts'
import { awaitEnd } from '../qemu/machine.ts'
import { call } from './channel.ts'
import { startNoMore, startWithHost } from './crontab.ts'
import { writeJson } from '../../config/lib/json.ts'
import { type Home, readJson, usualHome } from './home.ts'
import { hasSystemd } from './systemd.ts'

/** What keeps the service of a host running, and starts it with the host. */
export interface Supervisor {
  /**
   * Starts the service when it does not run, and with the host from now on; one that runs is left alone: its connections
   * would end.
   *
   * @returns for a person: what runs it, and what it does not do
   */
  start(): Promise<string>
  stop(): Promise<void>
  /**
   * Takes everything away that `start` has left on the host.
   *
   * @returns for a person: what stays nevertheless
   */
  uninstall(): Promise<string | undefined>
}

const program = join(import.meta.dirname, 'service.ts')
/** A busy host takes its time; one on which it cannot start at all is rare. */
const startMs = 60_000

/** systemd where it runs for this user, else a process that starts the service again. */
export function supervisorOf(home: Home): Supervisor {
  return hasSystemd() ? systemd(home) : plain(home)
}

/** Name of the unit: each home has one of its own. */
export function unitOf({ path }: Home): string {
  if (path === usualHome) return 'nodeos-host.service'
  const name = basename(path).replaceAll(/[^\w.-]+/g, '-')
  return `nodeos-host-${name}-${hashText(path).slice(0, 8)}.service`
}

/** The unit: machines are not the service's to end, and what it may use is bounded. */
export function unitFile(home: Home): string {
  return `[Unit]
Description=NodeOS appliances of ${home.path}
After=network-online.target
Wants=network-online.target

[Service]
ExecStart="${process.execPath}" "${program}" "${home.path}"
Restart=always
RestartSec=1
KillMode=process
StandardOutput=append:${home.log}
StandardError=inherit
NoNewPrivileges=yes
TasksMax=4096

[Install]
WantedBy=default.target
`
}

function systemctl(...words: string[]): string {
  return runSync(['systemctl', '--user', ...words], { purpose: 'run the service under systemd' })
}

function systemd(home: Home): Supervisor {
  const unit = unitOf(home)
  const file = join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'systemd/user', unit)
  return {
    async start() {
      const summary = `systemd user unit ${unit}`
      if (existsSync(file) && (await answers(home))) return summary
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, unitFile(home))
      systemctl('daemon-reload')
      systemctl('enable', unit)
      systemctl('restart', unit)
      // Or the units of a user end with the last login.
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
    const mark = await readJson<ProcessMark>(file)
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

async function answering(home: Home): Promise<void> {
  for (const until = Date.now() + startMs; Date.now() < until; await wait(100)) {
    if (await answers(home)) return
  }
  throw await failed(home)
}

/** Whether the service runs; it has taken up every appliance then, new ones too. */
function answers(home: Home): Promise<boolean> {
  const { report } = call(home.socket, { verb: 'load', appliance: '' }, () => undefined)
  return report.then(
    () => true,
    () => false,
  )
}

async function failed(home: Home): Promise<UserError> {
  const said = await readFile(home.log, 'utf8').catch(() => '')
  return new UserError('the service did not start', { hint: tail(said, 15) || `${home.log} is empty` })
}
