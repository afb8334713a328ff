import t from 'tap'
import { chooseAccelerator } from '../../../deploy/qemu/options.ts'

const works = { usable: true, why: 'it works' }
const fails = { usable: false, why: 'it does not' }

const cases: [
  why: string,
  asked: Parameters<typeof chooseAccelerator>[0],
  kvm: typeof works,
  wanted: [accelerator: string, forced: boolean],
][] = [
  ['KVM where it works', { environment: undefined, option: 'auto' }, works, ['kvm', false]],
  ['emulation where it does not', { environment: undefined, option: 'auto' }, fails, ['tcg', false]],
  ['the option', { environment: undefined, option: 'tcg' }, works, ['tcg', true]],
  ['the environment overrides the option', { environment: 'kvm', option: 'tcg' }, fails, ['kvm', true]],
  ['an empty variable counts as unset', { environment: '', option: 'auto' }, works, ['kvm', false]],
  ['auto as a value of the environment', { environment: 'auto', option: 'tcg' }, fails, ['tcg', false]],
]

for (const [why, asked, kvm, [accelerator, forced]] of cases) {
  await t.test(why, async (t) => {
    t.match(chooseAccelerator(asked, kvm), { accelerator, forced })
  })
}

await t.test('another value is rejected', async (t) => {
  t.throws(() => chooseAccelerator({ environment: 'xen', option: 'auto' }, works), {
    message: "NODEOS_ACCEL: must be kvm, tcg or auto, got 'xen'",
  })
})
