import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Manifest } from '../../../../build/pipeline/manifest.ts'
import { loadConfig } from '../../../../config/load.ts'
import { verb } from '../../../../deploy/target.ts'
import local from '../../../../deploy/targets/local/index.ts'
import { folderOf } from '../../../lib/release.ts'

await t.test('the line of a dry run makes what the machine needs, the data disk once', async (t) => {
  const config = JSON.stringify({ hostname: 'planned', data: { label: 'mine', size: 64 } })
  const root = folderOf(t, {
    'package.json': '{}',
    'app/index.ts': '',
    'config/system.json': config,
    // Opens the console as QEMU does.
    'bin/qemu-system-x86_64':
      '#!/bin/sh\nfor word; do case $word in file,id=console,*) echo on > "${word#*path=}";; esac; done\n',
  })
  chmodSync(join(root, 'bin/qemu-system-x86_64'), 0o755)
  const system = await loadConfig({ root, env: {} })
  const artefacts = ['kernel/vmlinux', 'runtime', 'app'].map((name) => ({ name, path: name }))
  const release = { dist: root, manifest: { system, artefacts } as unknown as Manifest }
  const context = {
    config: system,
    state: join(root, 'dist/run'),
    env: { XDG_STATE_HOME: join(root, 'with space') },
    signal: new AbortController().signal,
    fetch,
    print: () => undefined,
  }
  const paste = async (): Promise<string> => {
    const { text } = await verb(local, 'plan')(release, context)
    const PATH = `${join(root, 'bin')}:${process.env['PATH']}`
    const { status, stderr } = spawnSync('sh', ['-c', text], { encoding: 'utf8', env: { PATH } })
    t.equal(status, 0, stderr)
    return text
  }
  const first = await paste()
  t.ok(existsSync(join(context.state, 'console.log')))
  const [, disk = ''] =
    /file=([^ ']*data\.qcow2)|'[^']*file=([^']*data\.qcow2)/.exec(first)?.filter(Boolean) ?? []
  const info = JSON.parse(
    execFileSync('qemu-img', ['info', '--output=json', disk], { encoding: 'utf8' }),
  ) as Record<string, unknown>
  t.match(info, { format: 'qcow2', 'virtual-size': 64 * 2 ** 20 })
  t.notOk(existsSync(`${disk}.unfinished-raw`))
  t.notMatch(await paste(), /mke2fs/)
})
