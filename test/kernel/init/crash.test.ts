import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { compileSanitized, everyPart, launcher, named, shellConf } from '../fixtures/init.ts'

const folder = t.testdir({})
const binary = compileSanitized(join(folder, 'init'), everyPart, 'init-host.c')
const { newRoot, start } = launcher(folder, binary)

const crashes: [signal: string, flags: string, wanted: object][] = [
  [
    'ILL',
    'fpu sse2 pni cx16 lahf_lm sse4_1x',
    { signal: 'SIGILL', in: 'addon.node', missing: 'popcnt ssse3 sse4_1 sse4_2', hint: /-cpu max/ },
  ],
  ['SEGV', 'cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2', { signal: 'SIGSEGV', missing: '', hint: /addon/ }],
  ['ABRT', '', { signal: 'SIGABRT', in: '', missing: '', hint: /lines above/ }],
]

for (const [signal, flags, wanted] of crashes) {
  await t.test(`SIG${signal} is explained`, async (t) => {
    const root = newRoot()
    for (const folder of ['dev', 'proc']) mkdirSync(join(root, folder))
    const cpu = 'model name\t: A "CPU" of 2003\nvmx flags\t: none\n'
    await writeFile(join(root, 'proc/cpuinfo'), `processor\t: 0\n${cpu}flags\t\t: ${flags}\nbugs\t: no\n`)
    const trap = 'traps: node[77] trap invalid opcode ip:7f01 sp:7ffd error:0 in addon.node[1139,7f00+1000]'
    await writeFile(join(root, 'dev/kmsg'), `6,210,9999999999999999,-;${trap}\n SUBSYSTEM=none\n`)
    const init = start(t, { conf: shellConf(`kill -${signal} $$`) }, root)
    await init.waitFor('app.killed')
    t.match(named(init.lines, 'app.killed')[0], {
      stage: 'app',
      pid: Number,
      cpu: 'A "CPU" of 2003',
      ...wanted,
    })
  })
}

await t.test('a file that the kernel named before Node started is not blamed', async (t) => {
  const root = newRoot()
  mkdirSync(join(root, 'dev'))
  await writeFile(
    join(root, 'dev/kmsg'),
    '6,1,10,-;node[7]: segfault at 0 ip 0 sp 0 error 4 in old.node[1,2+3]\n',
  )
  const init = start(t, { conf: shellConf('kill -SEGV $$') }, root)
  await init.waitFor('app.killed')
  t.match(named(init.lines, 'app.killed')[0], { in: '', cpu: '', missing: '' })
})
