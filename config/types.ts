import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { _ } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { compile } from 'json-schema-to-typescript'
import { main } from './lib/main.ts'
import { log } from './lib/log.ts'
import { root } from './lib/paths.ts'
import { createAjv } from './ajv.ts'
import { appSchemaPath, readSchema, type Schema } from './schema.ts'
import { configReference, replaceReference } from './table.ts'

const folder = import.meta.dirname
export const readmePath: string = join(folder, 'README.md')

function validatorTypes(title: string, types: string): string {
  return `import type { ValidateFunction } from 'ajv'
import type { ${title} } from './${types}'

export declare const validate: ValidateFunction<${title}>
`
}

/** Derives the generated files of config/ from the schema; returns their texts by name. */
export async function derive(schema: Schema): Promise<Record<string, string>> {
  return {
    'system.types.ts': await typesOf(schema),
    'system.validate.mjs': validatorOf(schema, "import { formats } from './formats.ts'\n"),
    'system.validate.d.mts': validatorTypes('SystemConfig', 'system.types.ts'),
  }
}

/** Derives the generated files of app/ from its schema. The app packs them, so they import nothing of config/. */
export async function deriveApp(schema: Schema): Promise<Record<string, string>> {
  const title = schema.title ?? 'AppConfig'
  return {
    'config.types.ts': await typesOf(schema),
    'config.validate.mjs': validatorOf(schema, ''),
    'config.validate.d.mts': validatorTypes(title, 'config.types.ts'),
  }
}

/** Generates the type of a configuration whose defaults are filled in. */
async function typesOf(schema: Schema): Promise<string> {
  return compile(withDefaults(schema) as object, schema.title ?? '', {
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
  })
}

/** Makes keys that have a default required, as in what the loader returns. */
function withDefaults(schema: Schema): Schema {
  // Alternatives beside a type only narrow its format, which TypeScript cannot express.
  const { anyOf, properties, items, additionalProperties, ...rest } = schema
  if (anyOf !== undefined && schema.type === undefined) return schema
  const entries = Object.entries(properties ?? {})
  const filled = entries.filter(([, inner]) => inner.default !== undefined).map(([name]) => name)
  return {
    ...rest,
    ...(items === undefined ? {} : { items: withDefaults(items) }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'object'
              ? withDefaults(additionalProperties)
              : additionalProperties,
        }),
    ...(properties === undefined
      ? {}
      : {
          required: [...new Set([...(schema.required ?? []), ...filled])],
          properties: Object.fromEntries(entries.map(([name, inner]) => [name, withDefaults(inner)])),
        }),
  }
}

/** Generates a compiled validator: every build step loads the configuration, and compiling takes long. */
function validatorOf(schema: Schema, imports: string): string {
  const ajv = createAjv({ useDefaults: true, source: true })
  ajv.opts.code.formats = _`formats`
  return `/* eslint-disable */
// Generated from config/${schema.$id} by npm run types.
import { createRequire } from 'node:module'
${imports}const require = createRequire(import.meta.url)
${standalone.default(ajv, ajv.compile(schema))}`
}

function write(into: string, texts: Record<string, string>): void {
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(join(into, name), text)
    log.step(relative(root, join(into, name)))
  }
}

await main(
  import.meta,
  {
    usage: 'npm run types --',
    summary:
      'Generates the files that derive from config/*.schema.json: types, validators, the table in config/README.md.',
    options: {},
    help: {},
  },
  async () => {
    const schema = readSchema()
    write(folder, await derive(schema))
    if (existsSync(appSchemaPath)) write(join(folder, '../app'), await deriveApp(readSchema(appSchemaPath)))
    if (!existsSync(readmePath)) return
    const readme = readFileSync(readmePath, 'utf8')
    const updated = replaceReference(readme, configReference(schema))
    if (updated === undefined) return
    writeFileSync(readmePath, updated)
    log.step('config/README.md')
  },
)
