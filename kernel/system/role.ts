import { startVariable } from '../contract/paths.ts'

/**
 * What this process is for: `machine` brings up the machine, `worker` runs the app for a primary,
 * `inherited` is a thread or child of the app that loads the system layer because it inherits Node's options.
 */
export type Role = 'machine' | 'worker' | 'inherited'

/** Reads the mark that PID 1 or the primary gave this process, and takes it away from its own children. */
export function takeRole(env: NodeJS.ProcessEnv): Role {
  const mark = env[startVariable]
  delete env[startVariable]
  return mark === 'machine' || mark === 'worker' ? mark : 'inherited'
}
