import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../../config/lib/paths.ts'
import { createAjv, loadValidator, validatorCode } from '../../config/validator.ts'

/** A schema with a default, a format and a rule that ajv checks with code of its own. */
function schemaFile(folder: string, title: string): string {
  const schema = {
    title,
    type: 'object',
    properties: {
      address: { type: 'string', format: 'cidr', default: '192.0.2.1/24' },
      name: { type: 'string', maxLength: 3 },
    },
  }
  const file = join(folder, 'schema.json')
  writeFileSync(file, JSON.stringify(schema))
  return file
}

await t.test('the compiled validator agrees with ajv, and follows changes of the schema', async (t) => {
  for (const title of ['first', 'second']) {
    const file = schemaFile(t.testdir({}), title)
    const validate = loadValidator(file)
    const value = {}
    t.ok(validate(value))
    t.strictSame(value, { address: '192.0.2.1/24' })
    const schema = createRequire(import.meta.url)(file) as object
    const ajv = createAjv({ useDefaults: true }).compile(schema)
    for (const wrong of [{ address: '192.0.2.1' }, { name: 'four' }, []]) {
      t.notOk(validate(wrong))
      t.notOk(ajv(wrong))
      t.strictSame(validate.errors, ajv.errors)
    }
  }
})

await t.test('validators of earlier schemas do not accumulate', async (t) => {
  const cache = join(root, 'node_modules/.cache/nodeos')
  const [old, recent] = ['old', 'recent'].map((name) => join(cache, `validator-test-${name}.cjs`)) as [
    string,
    string,
  ]
  for (const file of [old, recent]) writeFileSync(file, '')
  t.teardown(() => rmSync(recent, { force: true }))
  utimesSync(old, 0, Date.now() / 1000 - 31 * 24 * 3600)
  loadValidator(schemaFile(t.testdir({}), `new at ${Date.now()}`))
  t.notOk(existsSync(old))
  t.ok(existsSync(recent))
})

await t.test('its code needs Node only', async (t) => {
  const code = validatorCode(schemaFile(t.testdir({}), 'alone'))
  const folder = t.testdir({ 'validate.cjs': code })
  const check = `console.log(require('./validate.cjs')({ name: '123' }), require('./validate.cjs')({ name: '1234' }))`
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', check], { cwd: folder, encoding: 'utf8' })
  t.equal(stdout, 'true false\n', stderr)
  t.notMatch(code, root)
  t.ok(code.length < 100_000, `${code.length} bytes`)
})
