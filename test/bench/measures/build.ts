import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyRepository, type Workspace } from '../workspace.ts'
import type { Figure, Measure } from '../figures.ts'
import { cacheFrom } from '../../../build/pipeline/cache.ts'
import { addEntries } from '../../../build/store.ts'
import { freePort } from '../../lib/ports.ts'

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
        const before = processorSeconds()
        const value = await withCopy(root, empty, (copy) => copy.npm('build'))
        const processor = processorSeconds() - before
        const unit = 'seconds'
        return [
          { id: 'build.cold', label: 'build with an empty cache', value, unit, target: 600 },
          { id: 'build.cold.processor', label: '… processor time', value: processor, unit },
        ]
      } finally {
        rmSync(cache, { recursive: true, force: true })
      }
    },
  }
}

/**
 * Returns the processor time of the programs that this process has waited for, with theirs: unlike seconds, it hardly
 * depends on what else the host does. The kernel counts it in hundredths of a second, in the fields 16 and 17.
 */
export function processorSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}

/** What somebody waits for who clones the repository on a host with the host tools, and has a store. */
export function newcomer(root: string, env: NodeJS.ProcessEnv): Measure {
  return {
    name: 'newcomer',
    summary: 'npm install and npm start in a clean clone, with an empty cache and a store',
    slow: true,
    async run() {
      const folder = mkdtempSync(join(tmpdir(), 'nodeos-bench-store-'))
      const store = join(folder, 'store')
      const ports = JSON.stringify([{ guest: 8080, host: await freePort() }])
      const fresh = {
        ...env,
        XDG_CACHE_HOME: join(folder, 'cache'),
        NODEOS_CACHE: store,
        NODEOS_PORTS: ports,
      }
      try {
        return await withCopy(
          root,
          fresh,
          async (copy) => {
            const cache = { own: cacheFrom(env).own, pins: join(copy.root, 'build/pins') }
            await addEntries({ dist: join(root, 'dist'), cache, store, pin: true, source: false })
            const parts: [Figure, Figure][] = []
            try {
              parts.push(await timed(copy, 'install', 'npm install'))
              parts.push(await timed(copy, 'build', 'the build'))
              parts.push(await timed(copy, 'deploy', 'from there until the machine is healthy'))
            } finally {
              await copy.npm('deploy:stop').catch(() => undefined)
            }
            return [
              {
                id: 'newcomer.total',
                label: 'npm install && npm start in a clean clone, with a store',
                value: parts.reduce((sum, [{ value }]) => sum + value, 0),
                unit: 'seconds',
                target: 90,
              },
              ...parts.flat(),
            ]
          },
          { packages: false },
        )
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}

/** Runs a script of a newcomer; returns its seconds, and those of processors. */
async function timed(copy: Workspace, script: string, what: string): Promise<[Figure, Figure]> {
  const before = processorSeconds()
  const value = await copy.npm(script)
  const processor = processorSeconds() - before
  const id = `newcomer.${script}`
  return [
    { id, label: `… ${what}`, value, unit: 'seconds' },
    { id: `${id}.processor`, label: '… … processor time, without QEMU', value: processor, unit: 'seconds' },
  ]
}

async function withCopy<T>(
  root: string,
  env: NodeJS.ProcessEnv,
  work: (copy: Workspace) => Promise<T>,
  options = {},
): Promise<T> {
  const copy = copyRepository(root, env, options)
  try {
    return await work(copy)
  } finally {
    copy.remove()
  }
}
