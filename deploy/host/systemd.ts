import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { findProgram } from '../../config/lib/find.ts'
import { hashText } from '../../config/lib/hash.ts'
import { runSync, tryRunSync } from '../../config/lib/run.ts'
import { type Home, usualHome } from './home.ts'

const scope = ['systemd-run', '--user', '--scope', '--quiet', '--collect'] as const

/** Returns whether systemd runs services of this user. */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system') && succeeds(['systemctl', '--user', 'show-environment'])
}

/** Returns whether systemd can start scopes: without the bus of the user it cannot. */
export function startsScopes(): boolean {
  return succeeds([...scope, '--', 'true'])
}

function succeeds(argv: readonly [string, ...string[]]): boolean {
  return findProgram(argv[0]) !== undefined && tryRunSync(argv, { purpose: 'find systemd' }).status === 0
}

/** Returns a command that starts another one in a scope, which outlives the service that started it. */
export function scopeCommand(limits: { memory: number; cpus: number; tasks: number }): string[] {
  const properties = {
    MemoryMax: `${limits.memory}M`,
    CPUQuota: `${limits.cpus * 100}%`,
    TasksMax: String(limits.tasks),
  }
  return [...scope, ...Object.entries(properties).flatMap(([key, value]) => ['-p', `${key}=${value}`]), '--']
}

/** Runs systemctl for this user. */
export function systemctl(...words: string[]): void {
  runSync(['systemctl', '--user', ...words], { purpose: 'run the service under systemd' })
}

/** Returns the name of the unit: each home has its own. */
export function unitOf({ path }: Home): string {
  if (path === usualHome) return 'nodeos-host.service'
  const name = basename(path).replaceAll(/[^\w.-]+/g, '-')
  return `nodeos-host-${name}-${hashText(path).slice(0, 8)}.service`
}

/** Returns the unit of the service: stopping it leaves the machines running. */
export function unitFile(home: Home, program: string): string {
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
