import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadTarget, verb } from '../../../../deploy/target.ts'
import { answering, appRelease, folderOf } from '../../../lib/release.ts'
import { startSshd } from '../../../lib/sshd.ts'
import { startLibvirtd } from '../../../lib/libvirtd.ts'

// Each command of virsh is a connection of its own.

const target = await loadTarget('libvirt')

const joinSocket = `
const socket = require('node:net').connect(process.argv.at(-1))
socket.on('error', () => process.exit(1))
process.stdin.pipe(socket).pipe(process.stdout)
`

await t.test('over ssh: the status, and a dry run', async (t) => {
  const libvirtd = await startLibvirtd(t)
  const sshd = await startSshd(t)
  const folder = folderOf(t)
  const program = (name: string, text: string): string => {
    const file = join(folder, name)
    writeFileSync(file, text, { mode: 0o755 })
    return file
  }
  // libvirt has words for a key, and none for a file of known hosts.
  const ssh = program('ssh', `#!/bin/sh\nexec ${sshd.env['GIT_SSH_COMMAND']} "$@"\n`)
  // Its own helper knows no socket but the usual one, and netcat is not on every host.
  const netcat = program('netcat', `#!${process.execPath}\n${joinSocket}`)
  const socket = new URL(libvirtd.uri).searchParams.get('socket') ?? ''
  const more = `socket=${socket}&command=${ssh}&proxy=netcat&netcat=${netcat}`
  const uri = `qemu+${sshd.remote(`/session?${more}`)}`
  const { release, context } = await appRelease(t, answering('far'), {
    hostname: 'far',
    deploy: { target: 'libvirt', options: { uri, pool: libvirtd.pool, network: 'user' } },
  })
  t.match(await verb(target, 'status')(context), { data: { running: false }, status: 3 })
  const { text } = await verb(target, 'plan')(release, context)
  t.match(text, `<kernel>${socket.replace(/run\/.*/, 'pool')}/nodeos-vmlinux-`)
  t.match(text, `virsh --quiet --connect 'qemu+ssh://`)
})
