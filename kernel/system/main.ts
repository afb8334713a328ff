/**
 * The system layer. init starts Node with it loaded before the app or, with several processes, as the main program.
 * Workers, threads and forks of the app load it too, by inheritance.
 */
import { machinePaths } from './paths.ts'
import { start } from './start.ts'

await start({ isMain: import.meta.main, self: import.meta.url, paths: machinePaths })
