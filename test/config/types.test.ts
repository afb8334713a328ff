import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createAjv } from '../../config/ajv.ts'
import { readSchema, settings } from '../../config/schema.ts'
import { configTable, replaceTable } from '../../config/table.ts'
import { derive, readmePath } from '../../config/types.ts'

const schema = readSchema()
const config = join(import.meta.dirname, '../../config')

for (const [name, text] of Object.entries(await derive(schema))) {
  t.equal(readFileSync(join(config, name), 'utf8'), text, `config/${name} is up to date: npm run types`)
}

await t.test('keys that have a default are required, the others are not', async (t) => {
  const types = (await derive(schema))['system.types.ts'] ?? ''
  t.match(types, /^ {2}hostname: string;$/m)
  t.match(types, /^ {4}address\?: string;$/m)
  t.match(types, /^ {4}dns: string\[\];$/m)
  t.match(types, /^ {4}protocol: "tcp" \| "udp";$/m)
})

t.ok(createAjv().validateSchema(schema), 'the schema is a good one')

await t.test('every key says what it is, and every pattern says what it accepts', async (t) => {
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

await t.test('the table has a row for every key that is no group', async (t) => {
  const table = configTable({
    properties: {
      machine: {
        type: 'object',
        properties: {
          cpuCount: { type: 'integer', minimum: 1, default: 2, description: 'This | <that>.' },
          kind: { enum: ['a', 'b'], description: 'Kind.' },
        },
      },
    },
  })
  const [head, rule, ...rows] = table.split('\n').map((line) =>
    line
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim())
      .slice(1, -1),
  )
  t.same(head, ['Key', 'Allowed', 'Default', 'What it is', 'Environment variable'])
  t.ok(rule?.every((cell) => /^-+$/.test(cell)))
  t.same(rows, [
    [
      '`machine.cpuCount`',
      'a whole number, at least 1',
      '`2`',
      String.raw`This \| \<that>.`,
      '`NODEOS_MACHINE_CPU_COUNT`',
    ],
    ['`machine.kind`', '"a", "b"', '', 'Kind.', '`NODEOS_MACHINE_KIND`'],
  ])
})

await t.test('only what is between the markers is replaced', async (t) => {
  const readme = 'before\n<!-- config:begin -->\nold\n<!-- config:end -->\nafter\n'
  const expected = 'before\n<!-- config:begin -->\n\nNEW\n\n<!-- config:end -->\nafter\n'
  t.equal(replaceTable(readme, 'NEW'), expected)
  t.equal(replaceTable(expected, 'NEW'), expected)
  t.equal(replaceTable('no markers\n', 'NEW'), undefined)
})

await t.test("README's table is up to date: npm run types", async (t) => {
  const readme = readFileSync(readmePath, 'utf8')
  t.equal(replaceTable(readme, configTable(schema)), readme)
})
