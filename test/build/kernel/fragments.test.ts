import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  configLines,
  fragmentNames,
  readFragments,
  requests,
  verifySurvival,
} from '../../../build/kernel/fragments.ts'
import { UserError } from '../../../config/lib/errors.ts'
import { root } from '../../../config/lib/paths.ts'

await t.test('the fragments follow the configuration, later ones win', (t) => {
  const kernel = { source: 'auto', platforms: ['aws'], fragments: ['debug'], mitigations: true, cmdline: '' }
  const names = fragmentNames({ kernel }, 'xz')
  t.same(names, ['base', 'node', 'net', 'virtio', 'trim', 'xz', 'platform-aws', 'mitigations', 'debug'])
  const plain = { kernel: { source: 'auto', platforms: [], fragments: [], mitigations: false, cmdline: '' } }
  t.notOk(fragmentNames(plain, 'none').includes('data'))
  t.ok(fragmentNames({ ...plain, data: { label: 'data', size: 16 } }, 'none').includes('data'))
  const wanted = requests([
    { name: 'a', text: '# why\nCONFIG_X=n\nCONFIG_N=64\n' },
    { name: 'b', text: 'CONFIG_X=y\nCONFIG_S="text"\n' },
  ])
  t.same(wanted, [
    { fragment: 'b', option: 'CONFIG_X', value: 'y' },
    { fragment: 'a', option: 'CONFIG_N', value: '64' },
    { fragment: 'b', option: 'CONFIG_S', value: '"text"' },
  ])
  t.equal(configLines([{ fragment: 'a', option: 'CONFIG_X', value: 'n' }]), '# CONFIG_X is not set\n')
  t.end()
})

await t.test('what is neither a setting nor a comment is refused by fragment and line', (t) => {
  for (const line of ['CONFIG_X=m', 'X=y', 'CONFIG_X', '# fine\n\nnonsense']) {
    t.throws(() => requests([{ name: 'mine', text: line }]), /kernel\/config\/mine\.config:\d/)
  }
  t.end()
})

await t.test('a line that did not survive stops the build with requested, actual and fragment', (t) => {
  const wanted = requests([{ name: 'mine', text: 'CONFIG_A=y\nCONFIG_B=n\nCONFIG_C=64\nCONFIG_D=n\n' }])
  t.doesNotThrow(() => verifySurvival(wanted, 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=64\n'))
  try {
    verifySurvival(wanted, '# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C=8\n')
    t.fail('it did not stop')
  } catch (error) {
    t.type(error, UserError)
    const hint = (error as UserError).hint ?? ''
    t.match(hint, /CONFIG_A: requested y, is n {3}\(kernel\/config\/mine\.config\)/)
    t.match(hint, /CONFIG_B: requested n, is y/)
    t.match(hint, /CONFIG_C: requested 64, is 8/)
    t.notMatch(hint, /CONFIG_D/)
  }
  t.end()
})

await t.test('every shipped fragment says what needs it and can be read', async (t) => {
  const names = (await readdir(join(root, 'kernel/config'))).map((name) => name.replace(/\.config$/, ''))
  for (const fragment of await readFragments(names)) {
    t.match(fragment.text, new RegExp(`^# ${fragment.name}: \\S`), fragment.name)
    t.ok(requests([fragment]).length > 0, fragment.name)
  }
})
