/**
 * The system layer. init starts Node with it loaded before the app or, with several processes, as the main program.
 * Workers, threads and forks of the app load it too, by inheritance.
 */
import { machinePaths } from './paths.ts'
import { type Loaded, start } from './start.ts'

export async function run(loaded: Loaded): Promise<void> {
  await start({ ...loaded, paths: machinePaths })
}
