import t from 'tap'
import type { Booted } from '../../../deploy/host/machine.ts'
import {
  type Facts,
  forgotten,
  newState,
  nextStep,
  publishedBy,
  served,
  startOrder,
  wanted,
} from '../../../deploy/host/state.ts'

function machine(number: number): Booted {
  return { number, published: [{ port: 80, protocol: 'tcp', local: 20_000 }] } as unknown as Booted
}

const current = machine(2)

/** Release 2 runs, serves and is on the branch. */
function facts(more: Partial<Facts> = {}): Facts {
  return {
    state: { ...newState, current, previous: 1, highest: 2 },
    branch: { number: 2, commit: 'two' },
    failed: undefined,
    isRunning: () => true,
    ...more,
  }
}

await t.test('nothing to do: the release on the branch serves, or the appliance is stopped', (t) => {
  t.strictSame(nextStep(facts()), { do: 'nothing' })
  t.strictSame(nextStep(facts({ state: newState, branch: undefined })), { do: 'nothing' })
  const state = { ...newState, current, stopped: true }
  t.strictSame(nextStep(facts({ state, branch: { number: 3, commit: 'three' } })), { do: 'nothing' })
  t.strictSame(nextStep(facts({ state, isRunning: () => false })), { do: 'nothing' })
  t.end()
})

await t.test('a machine that ended is restarted', (t) => {
  t.strictSame(nextStep(facts({ isRunning: () => false })), { do: 'restart', machine: current })
  t.end()
})

await t.test('the release on the branch replaces another one, unless it failed before', (t) => {
  const branch = { number: 3, commit: 'three' }
  t.strictSame(nextStep(facts({ branch })), { do: 'replace', number: 3 })
  t.strictSame(nextStep(facts({ branch, isRunning: () => false })), { do: 'replace', number: 3 })
  t.strictSame(nextStep(facts({ branch, failed: 3 })), { do: 'nothing' })
  t.strictSame(nextStep(facts({ branch, failed: 2 })), { do: 'replace', number: 3 })
  t.end()
})

await t.test('when a push ends, the branch decides about its release', (t) => {
  const candidate = { commit: 'three', pushing: true }
  const accepted = { number: 3, commit: 'three' }
  t.strictSame(nextStep(facts({ candidate })), { do: 'nothing' })
  t.strictSame(nextStep(facts({ candidate, isRunning: () => false })), { do: 'nothing' })
  t.strictSame(nextStep(facts({ candidate: { ...candidate, pushing: false } })), { do: 'abandon' })
  t.strictSame(nextStep(facts({ candidate: { ...candidate, pushing: false }, branch: undefined })), {
    do: 'abandon',
  })
  t.strictSame(nextStep(facts({ candidate: { ...candidate, pushing: false }, branch: accepted })), {
    do: 'commit',
  })
  t.end()
})

await t.test('the service starts the release on the branch, else those that served', (t) => {
  const { state } = facts()
  t.equal(wanted(state, 3), 3)
  t.equal(wanted(state, undefined), 2)
  t.equal(wanted({ ...state, stopped: true }, 3), undefined)
  t.strictSame(startOrder(3, state), [3, 2, 1])
  t.strictSame(startOrder(2, state), [2, 1])
  t.strictSame(startOrder(1, newState), [1])
  t.end()
})

await t.test('the state after traffic moved, and after a destroy', (t) => {
  const { state } = facts()
  const handover = { from: 2, to: 3 }
  const next = machine(3)
  t.strictSame(served({ ...state, handover, stopped: true, restarts: 4 }, next), {
    current: next,
    previous: 2,
    highest: 3,
    restarts: 4,
  })
  t.match(served(state, machine(2)), { previous: 1, highest: 2 }, 'a restart replaces nothing')
  t.strictSame(publishedBy(state), current.published)
  t.strictSame(publishedBy({ ...state, stopped: true }), [])
  t.strictSame(forgotten({ ...state, handover }), { highest: 2, restarts: 0, stopped: true, handover })
  t.end()
})
