import { readFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { usableMemory } from '../../config/check.ts'
import { programFolders } from '../../config/lib/find.ts'
import { type Distribution, parseOsRelease } from './distribution.ts'

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
