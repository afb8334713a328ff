import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { clean } from '../../build/clean.ts'

/** A dist folder and a list of processes, one of them with this command line. */
function setting(t: Test, ...argv: string[]): { dist: string; processes: string } {
  const folder = t.testdir({
    dist: { 'manifest.json': '{}', run: { log: '' } },
    proc: { self: {}, 1: {}, 42: {} },
  })
  const dist = join(folder, 'dist')
  writeFileSync(
    join(folder, 'proc/42/cmdline'),
    argv.map((argument) => `${argument.replace('DIST', dist)}\0`).join(''),
  )
  return { dist, processes: join(folder, 'proc') }
}

await t.test('removes what is there and says what', async (t) => {
  const { dist, processes } = setting(t, 'bash')
  const none = join(dist, '../none')
  t.strictSame(await clean({ folders: [dist, none], force: false, processes }), [dist])
  t.notOk(existsSync(dist))
  t.strictSame(await clean({ folders: [dist], force: false, processes }), [], 'a second time, nothing')
})

await t.test('refuses while a machine runs from the folder', async (t) => {
  const { dist, processes } = setting(t, '/usr/bin/qemu-system-x86_64', '-kernel', 'DIST/kernel/vmlinux')
  await t.rejects(clean({ folders: [dist], force: false, processes }), {
    message: /a machine is running from .*: process 42/,
    hint: /deploy:stop[^]*--force/,
  })
  t.ok(existsSync(join(dist, 'manifest.json')))
  t.strictSame(await clean({ folders: [dist], force: true, processes }), [dist])
})

await t.test('other machines and other programs are no reason', async (t) => {
  const machine = setting(t, '/usr/bin/qemu-system-x86_64', '-kernel', '/elsewhere/dist/kernel/vmlinux')
  t.strictSame(await clean({ folders: [machine.dist], force: false, processes: machine.processes }), [
    machine.dist,
  ])
  const editor = setting(t, 'vi', 'DIST/qemu-system.txt')
  t.strictSame(await clean({ folders: [editor.dist], force: false, processes: editor.processes }), [
    editor.dist,
  ])
})

await t.test('a folder that begins with the same name is another folder', async (t) => {
  const { dist, processes } = setting(t, 'qemu-system-x86_64', 'DIST-old/kernel/vmlinux')
  mkdirSync(`${dist}-old`)
  t.strictSame(await clean({ folders: [dist], force: false, processes }), [dist])
  t.ok(existsSync(`${dist}-old`))
})
