import { readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from '../../config/lib/paths.ts'
import { findProgram } from '../../config/lib/find.ts'
import { type Result, shellLine, tail, tryRunSync } from '../../config/lib/run.ts'
import type { Home } from './home.ts'

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
