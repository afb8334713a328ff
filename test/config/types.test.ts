import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createAjv } from '../../config/validator.ts'
import { readSchema, type Schema, settings } from '../../config/schema.ts'
import { configReference, configTable, replaceReference } from '../../config/table.ts'
import { derive, readmePath } from '../../config/types.ts'

const schema = readSchema()
const config = join(import.meta.dirname, '../../config')

for (const [name, text] of Object.entries(await derive())) {
  t.equal(readFileSync(join(config, name), 'utf8'), text, `config/${name} is up to date: npm run types`)
}

await t.test('keys with a default are required, others are optional', async (t) => {
  const types = (await derive())['system.types.ts'] ?? ''
  t.match(types, /^ {2}hostname: string;$/m)
  t.match(types, /^ {4}address\?: string;$/m)
  t.match(types, /^ {4}dns: string\[\];$/m)
  t.match(types, /^ {4}protocol: "tcp" \| "udp";$/m)
})

t.ok(createAjv().validateSchema(schema), 'the schema is valid')

await t.test('every key has a description, and every pattern an error message', async (t) => {
  for (const { key, schema } of settings(readSchema())) t.ok(schema.description, key)
  const patterns = JSON.stringify(schema).matchAll(/"pattern":"(?:[^"\\]|\\.)*",?("patternErrorMessage")?/g)
  for (const [text, words] of patterns) t.ok(words, text)
})

await t.test('no two keys share a variable', async (t) => {
  const variables = settings(schema).map(({ variable }) => variable)
  t.equal(new Set(variables).size, variables.length)
  t.match(
    new Set(variables),
    new Set(['NODEOS_RESTART_DRAIN_TIMEOUT', 'NODEOS_NETWORK_IPV6', 'NODEOS_MACHINE']),
  )
})

await t.test('the table has a row for every key that is not a group', async (t) => {
  const schema: Schema = {
    properties: {
      machine: {
        type: 'object',
        properties: {
          cpuCount: { type: 'integer', minimum: 1, default: 2, description: 'This | <that>.' },
          kind: { enum: ['a', 'b'], description: 'Kind.' },
          doors: {
            type: 'array',
            items: { type: 'object', properties: { width: { type: 'integer', description: 'Width.' } } },
            description: 'Doors.',
          },
        },
      },
    },
  }
  const table = configTable(settings(schema))
  const [head, rule, ...rows] = table.split('\n').map((line) =>
    line
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim())
      .slice(1, -1),
  )
  t.same(head, ['Key', 'Value', 'Default', 'Description', 'Environment variable'])
  t.ok(rule?.every((cell) => /^-+$/.test(cell)))
  t.same(rows, [
    [
      '`machine.cpuCount`',
      'an integer of at least 1',
      '`2`',
      String.raw`This \| \<that>.`,
      '`NODEOS_MACHINE_CPU_COUNT`',
    ],
    ['`machine.kind`', '"a" or "b"', '', 'Kind.', '`NODEOS_MACHINE_KIND`'],
    ['`machine.doors`', 'a list, each item an object', '', 'Doors.', '`NODEOS_MACHINE_DOORS`'],
    ['`machine.doors[].width`', 'an integer', '', 'Width.', ''],
  ])
})

await t.test('replaces only the text between the markers', async (t) => {
  const readme = 'before\n<!-- config:begin -->\nold\n<!-- config:end -->\nafter\n'
  const expected = 'before\n<!-- config:begin -->\n\nNEW\n\n<!-- config:end -->\nafter\n'
  t.equal(replaceReference(readme, 'NEW'), expected)
  t.equal(replaceReference(expected, 'NEW'), expected)
  t.equal(replaceReference('no markers\n', 'NEW'), undefined)
})

await t.test('config/README.md is up to date: npm run types', async (t) => {
  const readme = readFileSync(readmePath, 'utf8')
  t.equal(replaceReference(readme, configReference(schema)), readme)
})
