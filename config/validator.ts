import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import type { ValidateFunction } from 'ajv'
import type { Ajv2020 as Ajv } from 'ajv/dist/2020.js'
import { formats } from './formats.ts'
import { hasCode, UserError } from './lib/errors.ts'
import { hashText } from './lib/hash.ts'
import { root } from './lib/paths.ts'
import { readSchema } from './schema.ts'

const require = createRequire(import.meta.url)
const formatsFile = join(import.meta.dirname, 'formats.ts')

/**
 * Creates the schema compiler: JSON Schema 2020-12, all errors, our formats. Loading it and compiling take longer than
 * a build step with nothing to do: for schemas of files, see `loadValidator`.
 *
 * @param options useDefaults fills in defaults; source keeps the generated code
 */
export function createAjv({ useDefaults = false, source = false } = {}): Ajv {
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictTypes: false,
    useDefaults,
    // Slow, and strict mode already rejects most mistakes. The tests validate our schemas.
    validateSchema: false,
    code: { source },
  })
  ajv.addKeyword('patternErrorMessage')
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format)
  return ajv
}

/** Compiled validators, under the hashes of what they are made from; `node_modules` is outside of git and of the image. */
const cache = join(root, 'node_modules/.cache/nodeos')

/**
 * Returns a function that validates a value and fills in its defaults, compiled from the schema in a file.
 *
 * @throws {UserError} when the file is not a schema
 */
export function loadValidator<T>(schemaFile: string): ValidateFunction<T> {
  const file = cachedFile(schemaFile)
  if (existsSync(file) || store(file, compile(schemaFile))) return require(file) as ValidateFunction<T>
  return createAjv({ useDefaults: true }).compile<T>(readSchema(schemaFile))
}

/**
 * Returns the code of that function: a CommonJS module that imports only Node. The image carries the app's.
 *
 * @throws {UserError} when the file is not a schema
 */
export function validatorCode(schemaFile: string): string {
  const file = cachedFile(schemaFile)
  if (existsSync(file)) return readFileSync(file, 'utf8')
  const code = compile(schemaFile)
  store(file, code)
  return code
}

function cachedFile(schemaFile: string): string {
  const { version } = require('ajv/package.json') as { version: string }
  const inputs = [schemaFile, formatsFile, import.meta.filename].map((path) => readFileSync(path, 'utf8'))
  return join(cache, `validator-${hashText([version, ...inputs].join('\0')).slice(0, 32)}.cjs`)
}

/** A schema changes rarely: what is older was most likely made from an earlier version of one. */
const keptMs = 30 * 24 * 3_600_000

/** Writes a file at once, and removes old ones; returns false where `node_modules` is read-only. */
function store(file: string, code: string): boolean {
  const unfinished = `${file}.${process.pid}`
  try {
    mkdirSync(cache, { recursive: true })
    writeFileSync(unfinished, code)
    renameSync(unfinished, file)
    for (const name of readdirSync(cache)) {
      const made = statSync(join(cache, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
      if (name.startsWith('validator-') && made < Date.now() - keptMs)
        rmSync(join(cache, name), { force: true })
    }
    return true
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EROFS')) return false
    throw error
  }
}

function compile(schemaFile: string): string {
  const { _ } = require('ajv') as typeof import('ajv')
  const { default: standalone } =
    require('ajv/dist/standalone') as typeof import('ajv/dist/standalone/index.js')
  const { buildSync } = require('esbuild') as typeof import('esbuild')
  const ajv = createAjv({ useDefaults: true, source: true })
  ajv.opts.code.formats = _`require(${formatsFile}).formats`
  const { outputFiles } = buildSync({
    stdin: { contents: standalone(ajv, compiled(ajv, schemaFile)), resolveDir: root },
    // No path of this host in the code, wherever node_modules is.
    absWorkingDir: root,
    preserveSymlinks: true,
    minify: true,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    write: false,
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

function compiled(ajv: Ajv, schemaFile: string): ValidateFunction {
  try {
    return ajv.compile(readSchema(schemaFile))
  } catch (error) {
    const name = relative(join(dirname(schemaFile), '..'), schemaFile)
    throw new UserError(`${name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
