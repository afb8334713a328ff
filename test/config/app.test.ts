import t from 'tap'
import { checkAppConfig } from '../../config/app.ts'

for (const [schema, says] of [
  [{ propertes: {} }, 'config/app.schema.json: strict mode: unknown keyword: "propertes"'],
  [{ type: 'strng' }, 'config/app.schema.json: type must be JSONType or JSONType[]: strng'],
] as const) {
  await t.test(`rejects an invalid schema of the app: ${JSON.stringify(schema)}`, async (t) => {
    const root = t.testdir({ config: { 'app.json': '{}', 'app.schema.json': JSON.stringify(schema) } })
    await t.rejects(checkAppConfig(root), { message: says })
  })
}
