import type { HostFacts } from './facts.ts'
import { isAtLeast } from './version.ts'

/** Before it, name resolution lay in libraries that are loaded by name and that the image would lack. */
const oldestGlibc = '2.34'

/** Why this host cannot build at all, in words, or undefined when it can. */
export function unsupported({ platform, arch, glibc, distribution }: HostFacts): string | undefined {
  const name = { darwin: 'macOS', win32: 'Windows' }[platform] ?? platform
  if (platform !== 'linux') return `builds run on Linux, and this is ${name}`
  if (arch !== 'x64') return `builds run on x86-64, and this is ${arch}`
  if (glibc === undefined) return `builds take the GNU C library, which ${distribution.name} does not have`
  if (!isAtLeast(glibc, oldestGlibc)) {
    return `builds take glibc ${oldestGlibc} or newer, and ${distribution.name} has ${glibc}`
  }
  return undefined
}

/** What somebody on such a host can do. */
export const elsewhere =
  'open this folder in its dev container: .devcontainer/ describes a Linux that builds\n' +
  '(VS Code: "Reopen in Container"; a terminal: npx @devcontainers/cli up --workspace-folder .)'
