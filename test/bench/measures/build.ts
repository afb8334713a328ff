import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyRepository, type Workspace } from '../workspace.ts'
import type { Measure } from '../figures.ts'

/** Build times in a copy of the repository, with the user's own cache. */
export function build(root: string, env: NodeJS.ProcessEnv): Measure {
  return {
    name: 'build',
    summary: 'npm run build: in a clean clone with a warm cache, without changes, after a change in app/',
    run: ({ release }) =>
      withCopy(root, env, async (copy) => {
        const cached = await copy.npm('build')
        const unchanged = await copy.npm('build')
        copy.touch(release.manifest.system.app.entry)
        const app = await copy.npm('build')
        return [
          {
            id: 'build.cached',
            label: 'build of a clean clone with a warm cache',
            value: cached,
            unit: 'seconds',
          },
          { id: 'build.unchanged', label: 'build without changes', value: unchanged, unit: 'seconds' },
          {
            id: 'build.app',
            label: 'build after a change of the app',
            value: app,
            unit: 'seconds',
            target: 3,
          },
        ]
      }),
  }
}

/** The whole build with an empty cache: the kernel's source is fetched and compiled. */
export function coldBuild(root: string, env: NodeJS.ProcessEnv): Measure {
  return {
    name: 'cold',
    summary: 'npm run build with an empty cache, which compiles the kernel',
    slow: true,
    async run() {
      const cache = mkdtempSync(join(tmpdir(), 'nodeos-bench-cache-'))
      try {
        const empty = { ...env, XDG_CACHE_HOME: cache, NODEOS_CACHE: '' }
        const value = await withCopy(root, empty, (copy) => copy.npm('build'))
        return [{ id: 'build.cold', label: 'build with an empty cache', value, unit: 'seconds', target: 600 }]
      } finally {
        rmSync(cache, { recursive: true, force: true })
      }
    },
  }
}

async function withCopy<T>(
  root: string,
  env: NodeJS.ProcessEnv,
  work: (copy: Workspace) => Promise<T>,
): Promise<T> {
  const copy = copyRepository(root, env)
  try {
    return await work(copy)
  } finally {
    copy.remove()
  }
}
