/**
 * Compiles all functions of a script with the Node that runs this, and writes V8's code cache of it:
 * `node --hash-seed=1 code-cache.cjs SCRIPT OUTPUT`. With a fixed seed and without the script's path, the cache has the
 * same bytes each time.
 */
const { readFileSync, writeFileSync } = require('node:fs')
const path = require('node:path')
const { setFlagsFromString } = require('node:v8')
const { Script } = require('node:vm')

const [, , file, out] = process.argv
setFlagsFromString('--no-lazy')
const script = new Script(readFileSync(file, 'latin1'), { filename: path.basename(file) })
// V8 accepts a cache only under the flags that it was made with: the defaults.
setFlagsFromString('--lazy')
setFlagsFromString('--hash-seed=0')
writeFileSync(out, script.createCachedData())
