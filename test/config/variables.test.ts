import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readSchema, settings } from '../../config/schema.ts'
import { loadToolVariables, toolVariables } from '../../config/lib/env.ts'
import { readVariables } from '../../config/variables.ts'

const known = settings(readSchema())

await t.test('.env.example explains every tool variable, and names only valid ones', async (t) => {
  const text = readFileSync(join(import.meta.dirname, '../../.env.example'), 'utf8')
  const lines = text.split('\n')
  for (const [name, description] of Object.entries(toolVariables)) {
    const index = lines.findIndex((line) => line.startsWith(`# ${name}=`))
    t.not(index, -1, name)
    t.equal(lines[index - 1], `# ${description}`)
  }
  const named = Object.fromEntries(
    [...text.matchAll(/^# (NODEOS_\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  )
  t.ok(Object.keys(named).length > Object.keys(toolVariables).length, 'it shows configuration keys too')
  t.same(readVariables(named, known).errors, [])
  t.ok(
    lines.every((line) => line === '' || line.startsWith('#')),
    'an unchanged copy has no effect',
  )
})

await t.test('ignores variables of other programs and internal ones', async (t) => {
  const env = { HOME: '/', NODE_ENV: 'x', NODEOSX: '1', NODEOS_INSTALLING: '1', NODEOS_JOBS: '2' }
  t.same(readVariables(env, known), { overrides: [], errors: [] })
})

await t.test('an unknown name without a similar valid one', async (t) => {
  const { errors } = readVariables({ NODEOS_COMPLETELY_DIFFERENT: '1' }, known, '.env: ')
  t.same(errors, [
    '.env: NODEOS_COMPLETELY_DIFFERENT: unknown variable; config/README.md and .env.example list the valid names',
  ])
})

await t.test('a name without its group', async (t) => {
  const { errors } = readVariables({ NODEOS_MEMORY: '1' }, known)
  t.same(errors, ['NODEOS_MEMORY: unknown variable; did you mean NODEOS_MACHINE_MEMORY?'])
})

await t.test('the environment overrides .env, from which only tool variables are read', (t) => {
  const root = t.testdir({
    '.env': 'NODEOS_JOBS=1\nNODEOS_ACCEL="tcg"\nNODEOS_MACHINE_CPUS=2\nPATH=/nowhere\n',
  })
  const env = { NODEOS_JOBS: '2', PATH: '/bin' }
  loadToolVariables(root, env)
  t.same(env, { NODEOS_JOBS: '2', NODEOS_ACCEL: 'tcg', PATH: '/bin' })
  t.doesNotThrow(() => loadToolVariables(join(root, 'none'), {}))
  t.end()
})
