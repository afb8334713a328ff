import type { HostFacts } from './facts.ts'
import { isAtLeast } from './version.ts'

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
