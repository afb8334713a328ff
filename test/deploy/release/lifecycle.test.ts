import t from 'tap'
import { UserError } from '../../../config/lib/errors.ts'
import {
  type Change,
  type Hypervisor,
  prepareRelease,
  replaceRelease,
} from '../../../deploy/release/lifecycle.ts'

/** Records what happens to machines, which are named after their releases. */
class Recorder implements Hypervisor<string, string> {
  readonly steps: string[] = []
  readonly running = new Set(['one'])
  /** The step that fails. */
  failing = ''

  async #step(name: string): Promise<void> {
    this.steps.push(name)
    if (this.failing.split(', ').includes(name))
      throw new UserError(`${name} failed`, { hint: 'the console' })
  }

  async start(release: string): Promise<string> {
    await this.#step(`start ${release}`)
    this.running.add(release)
    return release
  }

  async awaitHealth(machine: string): Promise<void> {
    await this.#step(`health of ${machine}`)
  }

  async serve(machine: string): Promise<void> {
    await this.#step(`serve ${machine}`)
  }

  async isRunning(machine: string): Promise<boolean> {
    return this.running.has(machine)
  }

  async stop(machine: string): Promise<void> {
    await this.#step(`stop ${machine}`)
    this.running.delete(machine)
  }

  async kill(machine: string): Promise<void> {
    await this.#step(`kill ${machine}`)
    this.running.delete(machine)
  }

  async restore(release: string): Promise<void> {
    await this.#step(`restore ${release}`)
    this.running.add(release)
  }

  /** The change from release one to release two. */
  change(more: Partial<Change<string, string>> = {}): Change<string, string> {
    return {
      next: 'two',
      previous: { machine: 'one', release: 'one', name: 'release one' },
      handOver: async () => {
        await this.#step('hand over')
        return () => this.#step('undo')
      },
      ...more,
    }
  }
}

const inPlace = ['stop one', 'hand over', 'start two', 'health of two']

await t.test('in place: one machine at a time', async (t) => {
  const recorder = new Recorder()
  t.equal(await replaceRelease(recorder, recorder.change()), 'two')
  t.strictSame(recorder.steps, [...inPlace, 'serve two'])
})

await t.test('beside: the old machine is drained after traffic has moved', async (t) => {
  const recorder = new Recorder()
  await replaceRelease(recorder, recorder.change({ beside: true }))
  t.strictSame(recorder.steps, ['hand over', 'start two', 'health of two', 'serve two', 'stop one'])
})

for (const failing of ['health of two', 'serve two']) {
  await t.test(`${failing} fails: the previous release runs again, with its data`, async (t) => {
    const recorder = Object.assign(new Recorder(), { failing })
    await t.rejects(replaceRelease(recorder, recorder.change()), {
      message: `${failing} failed; release one runs again`,
      hint: 'the console',
    })
    t.strictSame(recorder.steps.slice(-4), [failing, 'kill two', 'undo', 'restore one'])
  })
}

await t.test('the previous release does not start again: both causes', async (t) => {
  const recorder = Object.assign(new Recorder(), { failing: 'start two, restore one' })
  await t.rejects(replaceRelease(recorder, recorder.change()), {
    message: 'start two failed; release one did not start again: restore one failed',
  })
  t.strictSame(recorder.steps.slice(-3), ['start two', 'undo', 'restore one'])
})

await t.test('the data cannot be handed over: nothing to undo', async (t) => {
  const recorder = Object.assign(new Recorder(), { failing: 'hand over' })
  await t.rejects(replaceRelease(recorder, recorder.change()), { message: /; release one runs again$/ })
  t.strictSame(recorder.steps, ['stop one', 'hand over', 'restore one'])
})

for (const [why, change, steps] of [
  ['it was off', { previous: { machine: 'zero', release: 'zero', name: '' } }, ['kill two', 'undo']],
  ['nothing was deployed', { previous: undefined }, ['kill two', 'undo']],
  [
    'it was never healthy',
    { previous: { machine: 'one', release: undefined, name: '' } },
    ['kill two', 'undo'],
  ],
  ['it still runs', { beside: true }, ['kill two', 'undo']],
  ['the user interrupted', { signal: AbortSignal.abort() }, ['kill two', 'undo']],
] as const) {
  await t.test(`the previous release is not started again: ${why}`, async (t) => {
    const recorder = Object.assign(new Recorder(), { failing: 'health of two' })
    await t.rejects(replaceRelease(recorder, recorder.change(change)), { message: 'health of two failed' })
    t.strictSame(recorder.steps.slice(-2), steps)
  })
}

await t.test('a candidate that is abandoned gives way to the previous release', async (t) => {
  const recorder = new Recorder()
  const candidate = await prepareRelease(recorder, recorder.change())
  t.strictSame(recorder.steps, inPlace)
  await candidate.abandon()
  t.strictSame(recorder.steps.slice(-3), ['kill two', 'undo', 'restore one'])
})
