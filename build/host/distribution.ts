import { parseEnv } from 'node:util'
import type { Manager } from './tools.ts'

/** A Linux distribution, as /etc/os-release tells of it. */
export interface Distribution {
  /** For people, e.g. `Debian GNU/Linux 12 (bookworm)`. */
  name: string
  /** How it installs packages; undefined when it is none that is known here. */
  manager: Manager | undefined
}

const managerOf: Record<string, Manager> = {
  debian: 'apt',
  ubuntu: 'apt',
  fedora: 'dnf',
  rhel: 'dnf',
  centos: 'dnf',
  arch: 'pacman',
  alpine: 'apk',
  suse: 'zypper',
  opensuse: 'zypper',
}

/** Reads the text of an os-release file; ID decides before ID_LIKE. */
export function parseOsRelease(text: string): Distribution {
  const fields = parseEnv(text)
  const ids = [fields['ID'] ?? '', ...(fields['ID_LIKE'] ?? '').split(/\s+/)]
  return {
    name: fields['PRETTY_NAME'] ?? fields['NAME'] ?? 'an unknown distribution',
    manager: ids.map((id) => managerOf[id]).find((manager) => manager !== undefined),
  }
}

const installer: Record<Manager, string> = {
  apt: 'apt-get install -y --no-install-recommends',
  dnf: 'dnf install -y',
  pacman: 'pacman -S --needed --noconfirm',
  apk: 'apk add',
  zypper: 'zypper --non-interactive install',
}

/** The line that installs packages, to be pasted as it is. */
export function installCommand(manager: Manager, packages: readonly string[], root: boolean): string {
  const sudo = root ? '' : 'sudo '
  const refresh = manager === 'apt' ? `${sudo}apt-get update && ` : ''
  return `${refresh}${sudo}${installer[manager]} ${packages.join(' ')}`
}
