import { existsSync } from 'node:fs'
import shell from 'shelljs'

/** Whether systemd keeps services of this user. */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system') && shell.cmd('systemctl', '--user', 'show-environment').code === 0
}
