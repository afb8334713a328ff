import { createRequire } from 'node:module'
import type { Ajv2020 as Ajv } from 'ajv/dist/2020.js'
import { formats } from './formats.ts'

/**
 * The one way our schemas are compiled: JSON Schema 2020-12, every error, our formats.
 * Loaded only where a schema is not known beforehand: compiling takes longer than a build step may.
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
    // Tests do that; it takes longer than all else here, and strict mode refuses most of what it would.
    validateSchema: false,
    code: { source, lines: true, esm: true },
  })
  ajv.addKeyword('patternErrorMessage')
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format)
  return ajv
}
