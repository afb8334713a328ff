import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Test } from 'tap'
import { folderOf } from './release.ts'
import { until } from './until.ts'

const program = '/lib/systemd/systemd'

/** A systemd of this user that a test has for itself, in a mount namespace of its own. */
export interface OwnSystemd {
  /** Command that runs another one where that systemd is. */
  within: string[]
  /** Why it is not available, for `skip`; else false. */
  why: string | false
  /** Why it makes no scopes, for `skip`. */
  noScopes: string | false
}

export async function ownSystemd(t: Test): Promise<OwnSystemd> {
  if (!existsSync(program)) return absent(`NOT TESTED: there is no ${program}`)
  const home = folderOf(t)
  const uid = String(process.getuid?.() ?? 0)
  const variables = {
    HOME: home,
    XDG_CONFIG_HOME: `${home}/.config`,
    XDG_RUNTIME_DIR: `/run/user/${uid}`,
    PATH: process.env['PATH'] ?? '',
  }
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  const script = [
    'mount -t tmpfs none /run',
    'mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR"',
    'chmod 700 "$XDG_RUNTIME_DIR"',
    `exec ${program} --user --log-target=null`,
  ]
  const child = spawn('unshare', ['--mount', 'env', '-i', ...settings, 'sh', '-ec', script.join('\n')], {
    stdio: 'ignore',
  })
  const within = ['nsenter', '--mount', '--target', String(child.pid), 'env', ...settings]
  const works = (...command: string[]): boolean => {
    const [bin = '', ...argv] = [...within, ...command]
    return spawnSync(bin, argv).status === 0
  }
  t.teardown(async () => {
    works('systemctl', '--user', 'exit')
    await until('systemd has ended', () => child.exitCode !== null || child.signalCode !== null).catch(() =>
      child.kill('SIGKILL'),
    )
  })
  const asked = ['systemctl', '--user', 'show-environment']
  const came = await until('systemd answers', () => child.exitCode !== null || works(...asked)).then(
    () => child.exitCode === null,
    () => false,
  )
  if (!came) return absent('NOT TESTED: systemd --user does not come up in a namespace here')
  const scopes = works('systemd-run', '--user', '--scope', '--quiet', '--collect', '--', 'true')
  const noScopes = scopes ? false : 'NOT TESTED: systemd makes no scopes here: dbus-user-session is missing'
  return { within, why: false, noScopes }
}

function absent(why: string): OwnSystemd {
  return { within: [], why, noScopes: why }
}
