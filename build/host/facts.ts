import { readFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { usableMemory } from '../../config/facts.ts'
import { programFolders } from '../../config/lib/find.ts'
import { parseEnv } from 'node:util'
import type { Manager } from './tools.ts'

/** The facts about the host that checks use; tests make their own. */
export interface HostFacts {
  /** `process.platform` and `process.arch`. */
  platform: string
  arch: string
  /** Version of the GNU C library, e.g. `2.36`; undefined with another one. */
  glibc: string | undefined
  distribution: Distribution
  root: boolean
  /** Folders in which commands are looked up. */
  path: string[]
  /** Folders in which a compiler finds headers without being told. */
  includes: string[]
  /** Memory in bytes, or the limit of the container. */
  memory: number
}

/** Reads the facts of this host. `env` has PATH and the compiler's CPATH and C_INCLUDE_PATH. */
export function hostFacts(env: NodeJS.ProcessEnv): HostFacts {
  const folders = (name: string): string[] => (env[name] ?? '').split(delimiter).filter(Boolean)
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: glibcVersion(),
    distribution: parseOsRelease(readOsRelease()),
    root: process.getuid?.() === 0,
    path: programFolders(env),
    includes: [
      ...folders('CPATH'),
      ...folders('C_INCLUDE_PATH'),
      '/usr/local/include',
      '/usr/include',
      '/usr/include/x86_64-linux-gnu',
    ],
    memory: usableMemory(),
  }
}

function glibcVersion(): string | undefined {
  // Without this, a report resolves the names of every open connection. Node's types do not know it yet.
  Object.assign(process.report, { excludeNetwork: true })
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime
}

function readOsRelease(): string {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      // Neither file: an unknown distribution.
    }
  }
  return ''
}

/** A Linux distribution, from /etc/os-release. */
export interface Distribution {
  /** For people, e.g. `Debian GNU/Linux 12 (bookworm)`. */
  name: string
  /** Its package manager; undefined if it is unknown. */
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

/** Returns the command line that installs packages. */
export function installCommand(manager: Manager, packages: readonly string[], root: boolean): string {
  const sudo = root ? '' : 'sudo '
  const refresh = manager === 'apt' ? `${sudo}apt-get update && ` : ''
  return `${refresh}${sudo}${installer[manager]} ${packages.join(' ')}`
}

/** Before it, name resolution was in libraries that are loaded by name, which the image would lack. */
const oldestGlibc = '2.34'

/** Returns why this host cannot build, or undefined if it can. */
export function unsupported({ platform, arch, glibc, distribution }: HostFacts): string | undefined {
  const name = { darwin: 'macOS', win32: 'Windows' }[platform] ?? platform
  if (platform !== 'linux') return `builds need Linux, and this host runs ${name}`
  if (arch !== 'x64') return `builds need x86-64, and this host is ${arch}`
  if (glibc === undefined) return `builds need glibc, which ${distribution.name} does not have`
  if (!isAtLeast(glibc, oldestGlibc)) {
    return `builds need glibc ${oldestGlibc} or newer, and ${distribution.name} has ${glibc}`
  }
  return undefined
}

/** The remedy on such a host. */
export const unsupportedHint =
  'open the repository in its dev container (.devcontainer/), which has everything that builds need\n' +
  '(VS Code: "Reopen in Container"; a terminal: npx @devcontainers/cli up --workspace-folder .)'

/** Returns the first number with a dot in the output of a command, else the first number. */
export function versionIn(text: string): string | undefined {
  return (/\d+(?:\.\d+)+/.exec(text) ?? /\d+/.exec(text))?.[0]
}

/** Returns whether a dotted version is not older than another. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [have, want] = [version, wanted].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10)),
  )
  for (const [index, part] of (want ?? []).entries()) {
    const own = have?.[index] ?? 0
    if (own !== part) return own > part
  }
  return true
}
