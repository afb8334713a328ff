import type { Test } from 'tap'
import type { Context, Release } from '../../deploy/target.ts'
import { limit } from './until.ts'

/** What the contract test of a target works with: the default export of `test/lib/worlds/<target>.ts` makes it. */
export interface World {
  /**
   * A release of an app, configured for the target, and what the target's verbs get. One machine, one state.
   *
   * @param system more of `config/system.json`
   * @param on the kernel and the runtime, in the place of the last build's
   */
  release(app: string, system?: object, on?: Release): Promise<{ release: Release; context: Context }>
  /** What the machine answers to GET /; rejects when nothing answers. */
  answer(): Promise<string>
}

/** Starts what the target deploys to, for real, and ends it with the test. */
export type MakeWorld = (t: Test) => Promise<World>

/** GET / on a connection of its own. */
export async function answerOf(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { connection: 'close' },
    signal: limit(),
  })
  return response.text()
}
