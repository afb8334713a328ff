import { mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'

/** A cgroup v2 of a test's own, at the root of the host's. */
export interface OwnCgroup {
  folder: string
  /** What can be limited in it. */
  controllers: string[]
  /** Why it is not available, for `skip`; else false. */
  why: string | false
}

export function ownCgroup(t: Test): OwnCgroup {
  const [, root] =
    /^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8')) ?? []
  const folder = join(root ?? '/', `nodeos-test-${process.pid}`)
  try {
    if (root === undefined) throw new Error('no cgroup v2 is mounted')
    mkdirSync(folder)
    t.teardown(() => rmdirSync(folder))
    const controllers = readFileSync(join(root, 'cgroup.controllers'), 'utf8').trim().split(' ')
    return { folder, controllers, why: false }
  } catch (error) {
    return { folder, controllers: [], why: `NOT TESTED: no cgroup can be made here: ${String(error)}` }
  }
}
