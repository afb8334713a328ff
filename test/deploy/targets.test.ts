import t from 'tap'
import { createAjv } from '../../config/ajv.ts'
import { loadTarget, type Target, targetNames, verb } from '../../deploy/target.ts'

for (const name of await targetNames()) {
  await t.test(`${name} keeps the contract of a target`, async (t) => {
    const target = await loadTarget(name)
    t.equal(target.name, name)
    t.match(target.summary, /^[a-z].*[^.]$/, 'a line that README quotes')
    t.ok(target.needs.every((program) => /^[\w.+-]+$/.test(program)))
    const validate = createAjv().compile(target.schema)
    t.ok(validate({}), 'no option is compulsory, or the first deploy asks for what nobody knows of')
    t.notOk(validate({ 'no-such-option': 1 }), 'a misspelt option is an error')
    t.type(verb(target, 'plan'), 'function', 'a dry run shows what would happen')
  })
}

await t.test('a target that is not there is answered with those that are', async (t) => {
  await t.rejects(loadTarget('lokal'), { message: /'lokal'/, hint: /local/ })
  await t.rejects(loadTarget('../release'), { message: /no target/ })
})

await t.test('a verb that a target does not have is answered with those that it has', async (t) => {
  const target = { name: 'cloud', stop: async () => ({ text: '', data: {} }) } as unknown as Target
  t.throws(() => verb(target, 'logs'), {
    message: "the target 'cloud' cannot logs",
    hint: 'it can: deploy, stop',
  })
})
