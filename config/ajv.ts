import { createRequire } from 'node:module'
import type { Ajv2020 as Ajv } from 'ajv/dist/2020.js'
import { formats } from './formats.ts'

/**
 * Creates the schema compiler: JSON Schema 2020-12, all errors, our formats.
 * Only for schemas that are not known in advance: loading and compiling take longer than a build step should.
 *
 * @param options useDefaults fills in defaults; source keeps the generated code
 */
export function createAjv({ useDefaults = false, source = false } = {}): Ajv {
  const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictTypes: false,
    useDefaults,
    // Slow, and strict mode already rejects most mistakes. The tests validate our schemas.
    validateSchema: false,
    code: { source, lines: true, esm: true },
  })
  ajv.addKeyword('patternErrorMessage')
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format)
  return ajv
}
