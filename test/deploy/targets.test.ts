import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { UserError } from '../../config/lib/errors.ts'
import { root } from '../../config/lib/paths.ts'
import { createAjv } from '../../config/validator.ts'
import {
  type Context,
  loadTarget,
  type Release,
  type Target,
  targetNames,
  verb,
} from '../../deploy/target.ts'
import { shipped } from '../lib/documents.ts'
import { folderOf } from '../lib/release.ts'
import { keepsPromises } from './contract.ts'

function hasForm(t: Test, name: string, target: Target): void {
  t.equal(target.name, name)
  t.match(target.summary, /^[a-z].*[^.]$/, 'a line for the table in deploy/README.md')
  t.ok(target.needs.every((program) => /^[\w.+-]+$/.test(program)))
  const ajv = createAjv()
  t.ok(ajv.validateSchema(target.schema), 'its schema is one')
  const validate = ajv.compile(target.schema)
  t.ok(validate({}), 'every option has a default, so that a first deploy needs none')
  t.notOk(validate({ 'no-such-option': 1 }), 'a misspelt option is an error')
}

await t.test('the targets that NodeOS ships are there', async (t) => {
  const names = await targetNames()
  for (const name of shipped.targets) t.ok(names.includes(name), name)
})

for (const name of await targetNames()) {
  await t.test(`${name} has the form of a target`, async (t) => {
    const target = await loadTarget(name)
    hasForm(t, name, target)
    if (shipped.targets.some((each) => each === name))
      t.type(verb(target, 'plan'), 'function', 'each shipped target has a dry run')
  })
}

await t.test('the target that deploy/README.md shows has the form, too', async (t) => {
  const readme = readFileSync(join(root, 'deploy/README.md'), 'utf8')
  const [, code = ''] = /^## Write a target\n[^]*?^```ts\n([^]*?)^```$/m.exec(readme) ?? []
  const folder = folderOf(t)
  // It is loaded from another folder than deploy/targets/.
  const moved = code.replaceAll(/'\.\.\/([\w/]+\.ts)'/g, `'${root}/deploy/$1'`)
  writeFileSync(join(folder, 'rack.mts'), moved)
  const { default: rack } = (await import(join(folder, 'rack.mts'))) as { default: Target }
  hasForm(t, 'rack', rack)
})

await t.test('a target that has deploy alone can keep the contract', async (t) => {
  let serves: string | undefined
  const deploy: Target['deploy'] = async (release) => {
    const app = release as unknown as string
    if (app.includes('process.exit')) {
      throw new UserError('unhealthy; the previous release keeps running', { hint: '"event":"node.exited"' })
    }
    serves = /'(\w+) '/.exec(app)?.[1]
    return { text: 'up', data: {} }
  }
  const target: Target = { name: 'small', summary: '', schema: {}, needs: [], deploy }
  await keepsPromises(t, target, {
    release: async (app) => ({ release: app as unknown as Release, context: {} as Context }),
    answer: async () => `${serves} no secret`,
  })
})

await t.test('a target that is not there is answered with those that are', async (t) => {
  await t.rejects(loadTarget('lokal'), { message: /'lokal'/, hint: /local/ })
  await t.rejects(loadTarget('../release'), { message: /unknown target/ })
})

await t.test('a verb that a target does not have is answered with those that it has', async (t) => {
  const target = { name: 'cloud', stop: async () => ({ text: '', data: {} }) } as unknown as Target
  t.throws(() => verb(target, 'logs'), {
    message: "the target 'cloud' does not support 'logs'",
    hint: 'it supports: deploy, stop',
  })
})
