import type { Test } from 'tap'
import type { Context, Release } from '../../deploy/target.ts'
import { limit } from './until.ts'

/** A place to deploy to, for the contract of targets. The default export of `test/lib/worlds/<target>.ts` starts it. */
export interface World {
  /**
   * Returns a release of an app, configured for the target, and the context for its verbs. One machine, one state.
   *
   * @param system more of `config/system.json`
   * @param on release whose kernel and runtime to use; default: the last build
   */
  release(app: string, system?: object, on?: Release): Promise<{ release: Release; context: Context }>
  /** Returns the response of the machine to GET /; rejects without one. */
  answer(): Promise<string>
}

/** Starts the real place that the target deploys to, until the test ends. */
export type MakeWorld = (t: Test) => Promise<World>

/** Sends GET / on a new connection. */
export async function answerOf(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { connection: 'close' },
    signal: limit(),
  })
  return response.text()
}
