import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadTarget, targetNames, verb } from '../../deploy/target.ts'
import { answering } from '../fixtures/release.ts'
import type { MakeWorld } from './world.ts'

/** What every target promises, shown on a machine that really runs there. */
for (const name of await targetNames()) {
  await t.test(`${name} keeps its promises`, async (t) => {
    const file = join(import.meta.dirname, name, 'world.ts')
    if (!existsSync(file)) throw new Error(`${file} is missing: deploy/README.md says what it holds`)
    const world = await ((await import(file)) as { default: MakeWorld }).default(t)
    const target = await loadTarget(name)
    const one = await world.release(answering('one'))
    const two = await world.release(answering('two'))
    const { context } = one

    await t.test('before the first deploy', async (t) => {
      t.match(await verb(target, 'status')(context), { data: { running: false }, status: 3 })
      t.match(await verb(target, 'list')(context), { data: { releases: [] } })
      t.match(await verb(target, 'destroy')(context), { data: { destroyed: false } })
      await t.rejects(verb(target, 'rollback')(context), { message: /no release/ })
    })

    await t.test('a dry run says what would be run, and runs nothing', async (t) => {
      t.not((await verb(target, 'plan')(one.release, context)).text, '')
      t.match(await verb(target, 'status')(context), { data: { running: false } })
    })

    await t.test('a first deploy', async (t) => {
      t.not((await target.deploy(one.release, context)).text, '')
      t.equal(await world.answer(), 'one no secret')
      t.match(await verb(target, 'status')(context), { data: { running: true, healthy: true } })
      t.match(await verb(target, 'list')(context), { data: { releases: [{ number: 1, serves: true }] } })
      let logs = ''
      await verb(target, 'logs')({ ...context, print: (text) => (logs += text) }, false)
      t.match(logs, /"event":"health\.ok"/)
    })

    await t.test('a second one takes its place', async (t) => {
      await target.deploy(two.release, context)
      t.equal(await world.answer(), 'two no secret')
      t.match(await verb(target, 'list')(context), {
        data: {
          releases: [
            { number: 2, serves: true },
            { number: 1, serves: false },
          ],
        },
      })
    })

    await t.test('one that does not become healthy leaves the one before', async (t) => {
      const broken = await world.release('process.exit(1)')
      await t.rejects(target.deploy(broken.release, context), {
        message: /the one before goes on|runs again/,
        hint: /"event":"node\.exited"/,
      })
      t.equal(await world.answer(), 'two no secret')
      t.match(await verb(target, 'status')(context), { data: { running: true, healthy: true } })
    })

    await t.test('a rollback, then the newer one again', async (t) => {
      await t.rejects(verb(target, 'rollback')(context, 17), { message: /no release 17/ })
      await verb(target, 'rollback')(context)
      t.equal(await world.answer(), 'one no secret')
      await target.deploy(two.release, context)
      t.equal(await world.answer(), 'two no secret')
      const { data } = await verb(target, 'list')(context)
      const numbers = (data['releases'] as { number: number; serves: boolean }[]).map(({ number }) => number)
      t.strictSame(
        numbers,
        numbers.toSorted((a, b) => b - a),
        'the newest first',
      )
      t.equal(new Set(numbers).size, numbers.length)
    })

    await t.test('stop is graceful, and a deploy starts it again', async (t) => {
      t.match(await verb(target, 'stop')(context), { data: { stopped: true, ending: 'powered off' } })
      t.match(await verb(target, 'status')(context), { data: { running: false }, status: 3 })
      await t.rejects(world.answer())
      t.match(await verb(target, 'stop')(context), { data: { stopped: false } })
      await target.deploy(one.release, context)
      t.equal(await world.answer(), 'one no secret')
    })

    await t.test('destroy leaves no machine', async (t) => {
      t.match(await verb(target, 'destroy')(context), { data: { destroyed: true } })
      await t.rejects(world.answer())
      t.match(await verb(target, 'status')(context), { data: { running: false }, status: 3 })
      t.match(await verb(target, 'destroy')(context), { data: { destroyed: false } })
    })
  })
}
