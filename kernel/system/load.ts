/**
 * Loads the system layer from a script and V8's code cache of it, which lie beside this module: to parse the script and
 * compile its functions would take 20 million instructions of each boot.
 */
import { readFileSync } from 'node:fs'
import { constants, Script } from 'node:vm'
import type * as System from './main.ts'

const filename = `${import.meta.dirname}/system.js`
const script = new Script(readFileSync(filename, 'latin1'), {
  filename,
  cachedData: readFileSync(`${import.meta.dirname}/system.cache`),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
})
const module = { exports: {} as typeof System }
const define = script.runInThisContext() as (target: typeof module) => void
define(module)
await module.exports.run({ isMain: import.meta.main, self: filename })
