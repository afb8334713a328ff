import { readFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { usableMemory } from '../../config/facts.ts'
import { programFolders } from '../../config/lib/find.ts'
import { parseEnv } from 'node:util'
import type { Manager } from './tools.ts'

/** What the checks know of the host: read once, so that a test can make one up. */
export interface HostFacts {
  /** As `process.platform` and `process.arch` say it. */
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
  /** In bytes: what the machine has, or what a container may use of it. */
  memory: number
}

/** The facts of this host. `env` gives PATH and the compiler's CPATH and C_INCLUDE_PATH. */
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
      // The other one, or no such file: not a distribution that says what it is.
    }
  }
  return ''
}

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

/** Before it, name resolution lay in libraries that are loaded by name and that the image would lack. */
const oldestGlibc = '2.34'

/** Why this host cannot build at all, in words, or undefined when it can. */
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

/** What somebody on such a host can do. */
export const elsewhere =
  'open the repository in its dev container (.devcontainer/), which has everything that builds need\n' +
  '(VS Code: "Reopen in Container"; a terminal: npx @devcontainers/cli up --workspace-folder .)'

/** The first number with a dot in what a command prints of itself, or the first number. */
export function versionIn(text: string): string | undefined {
  return (/\d+(?:\.\d+)+/.exec(text) ?? /\d+/.exec(text))?.[0]
}

/** Whether a dotted version is not older than another. */
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
