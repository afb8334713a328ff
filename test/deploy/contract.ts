import type { Test } from 'tap'
import { type Report, type Target, type Verb, verb } from '../../deploy/target.ts'
import { answering } from '../lib/release.ts'
import type { World } from '../lib/world.ts'

const verbs = {
  plan: true,
  list: true,
  status: true,
  logs: true,
  stop: true,
  rollback: true,
  destroy: true,
  control: true,
} satisfies Record<Verb, true>

/** The contract of every target, checked on a machine that really runs there. Verbs that a target lacks are skipped and reported. */
export async function keepsPromises(t: Test, target: Target, world: World): Promise<void> {
  const one = await world.release(answering('one'))
  const two = await world.release(answering('two'))
  const { context } = one

  /** Whether there is a verb to try; says so when there is not. */
  const has = (t: Test, name: Verb): boolean => {
    if (target[name] === undefined) t.pass(name, { skip: `the target has no ${name}` })
    return target[name] !== undefined
  }
  const reports = async (
    t: Test,
    name: 'status' | 'list' | 'stop' | 'destroy',
    expected: object,
  ): Promise<void> => {
    if (has(t, name)) t.match(await verb(target, name)(context), expected)
  }
  const step = (
    title: string,
    needs: readonly Verb[],
    body: (t: Test) => Promise<void>,
  ): Promise<unknown> => {
    const missing = needs.filter((name) => target[name] === undefined)
    const skip = missing.length === 0 ? false : `the target has no ${missing.join(', no ')}`
    return t.test(title, { skip }, body)
  }

  await t.test('what it does not have is refused by name', (t) => {
    for (const name of Object.keys(verbs) as Verb[]) {
      if (target[name] !== undefined) continue
      t.throws(() => verb(target, name), {
        message: `the target '${target.name}' does not support '${name}'`,
      })
    }
    t.end()
  })

  await t.test('before the first deploy', async (t) => {
    await reports(t, 'status', { data: { running: false }, status: 3 })
    await reports(t, 'list', { data: { releases: [] } })
    await reports(t, 'destroy', { data: { destroyed: false } })
    if (has(t, 'rollback'))
      await t.rejects(verb(target, 'rollback')(context), { message: /no previous release/ })
  })

  await step('a dry run says what would be run, and runs nothing', ['plan'], async (t) => {
    t.not((await verb(target, 'plan')(one.release, context)).text, '')
    await reports(t, 'status', { data: { running: false } })
    await t.rejects(world.answer())
  })

  await t.test('a first deploy', async (t) => {
    t.not((await target.deploy(one.release, context)).text, '')
    t.equal(await world.answer(), 'one no secret')
    await reports(t, 'status', { data: { running: true, healthy: true } })
    await reports(t, 'list', { data: { releases: [{ number: 1, serves: true }] } })
    if (!has(t, 'logs')) return
    let logs = ''
    await verb(target, 'logs')({ ...context, print: (text) => (logs += text) }, false)
    t.match(logs, /"event":"health\.ok"/)
  })

  await t.test('a second one takes its place', async (t) => {
    await target.deploy(two.release, context)
    t.equal(await world.answer(), 'two no secret')
    const releases = [
      { number: 2, serves: true },
      { number: 1, serves: false },
    ]
    await reports(t, 'list', { data: { releases } })
  })

  await t.test('an unhealthy release leaves the previous one running', async (t) => {
    const broken = await world.release('process.exit(1)')
    await t.rejects(target.deploy(broken.release, context), {
      message: /previous release keeps running|runs again/,
      hint: /"event":"node\.exited"/,
    })
    t.equal(await world.answer(), 'two no secret')
    await reports(t, 'status', { data: { running: true, healthy: true } })
  })

  await step('a rollback, then the newer one again', ['rollback'], async (t) => {
    await t.rejects(verb(target, 'rollback')(context, 17), { message: /release 17/ })
    await verb(target, 'rollback')(context)
    t.equal(await world.answer(), 'one no secret')
    await target.deploy(two.release, context)
    t.equal(await world.answer(), 'two no secret')
    if (has(t, 'list')) inOrder(t, await verb(target, 'list')(context))
  })

  await step('stop is graceful, and a deploy starts it again', ['stop'], async (t) => {
    await reports(t, 'stop', { data: { stopped: true, ending: 'powered off' } })
    await reports(t, 'status', { data: { running: false }, status: 3 })
    await t.rejects(world.answer())
    await reports(t, 'stop', { data: { stopped: false } })
    await target.deploy(one.release, context)
    t.equal(await world.answer(), 'one no secret')
  })

  await step('destroy leaves no machine', ['destroy'], async (t) => {
    await reports(t, 'destroy', { data: { destroyed: true } })
    await t.rejects(world.answer())
    await reports(t, 'status', { data: { running: false }, status: 3 })
    await reports(t, 'destroy', { data: { destroyed: false } })
  })
}

function inOrder(t: Test, { data }: Report): void {
  const numbers = (data['releases'] as { number: number }[]).map(({ number }) => number)
  t.strictSame(
    numbers,
    numbers.toSorted((a, b) => b - a),
    'the newest first',
  )
  t.equal(new Set(numbers).size, numbers.length)
}
