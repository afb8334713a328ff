import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { compile } from 'json-schema-to-typescript'
import { main } from './lib/main.ts'
import { log } from './lib/log.ts'
import { appSchemaPath, readSchema, type Schema, schemaPath } from './schema.ts'
import { configReference, replaceReference } from './table.ts'

const folder = import.meta.dirname
export const readmePath: string = join(folder, 'README.md')

/** Derives the TypeScript types of both schemas; returns their texts by the name of the file in config/. */
export async function derive(): Promise<Record<string, string>> {
  const schemas = [schemaPath, appSchemaPath].filter((path) => existsSync(path))
  const types = schemas.map(async (path) => [
    basename(path).replace('.schema.json', '.types.ts'),
    await typesOf(readSchema(path)),
  ])
  return Object.fromEntries(await Promise.all(types)) as Record<string, string>
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

await main(
  import.meta,
  {
    usage: 'npm run types --',
    example: 'npm run types',
    summary: 'Generates the TypeScript types of config/*.schema.json and the table in config/README.md.',
    options: {},
    help: {},
  },
  async () => {
    for (const [name, text] of Object.entries(await derive())) {
      writeFileSync(join(folder, name), text)
      log.step(`config/${name}`)
    }
    if (!existsSync(readmePath)) return
    const readme = readFileSync(readmePath, 'utf8')
    const updated = replaceReference(readme, configReference(readSchema()))
    if (updated === undefined) return
    writeFileSync(readmePath, updated)
    log.step('config/README.md')
  },
)
