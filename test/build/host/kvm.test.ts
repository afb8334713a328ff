import t from 'tap'
import { judgeKvm } from '../../../build/host/kvm.ts'

const cpuinfo = (flags: string): string =>
  `processor\t: 0\nmodel name\t: a CPU\nflags\t\t: fpu ${flags} lm\n\n`

await t.test('a usable device and a flag of the CPU make KVM usable', async (t) => {
  t.match(judgeKvm({ device: 'open', cpuinfo: cpuinfo('vmx') }), { usable: true, why: /vmx/ })
  t.match(judgeKvm({ device: 'open', cpuinfo: cpuinfo('svm') }), { usable: true, why: /svm/ })
})

await t.test('says in words why it is not', async (t) => {
  t.match(judgeKvm({ device: 'missing', cpuinfo: cpuinfo('vmx') }), {
    usable: false,
    why: /\/dev\/kvm does not exist/,
  })
  t.match(judgeKvm({ device: 'denied', cpuinfo: cpuinfo('vmx') }), { usable: false, why: /usermod -aG kvm/ })
  t.match(judgeKvm({ device: 'open', cpuinfo: cpuinfo('vmxoff') }), {
    usable: false,
    why: /neither vmx nor svm/,
  })
  t.match(judgeKvm({ device: 'open', cpuinfo: '' }), { usable: false })
})
