import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSync } from '../../config/lib/run.ts'
import { until } from './until.ts'

/** Who runs the session when the tests are run by root: the daemon of root is the system's. */
const nobody = 65_534

/** A libvirtd of this test's own, without privileges, with a storage pool. */
export interface Libvirtd {
  uri: string
  pool: string
  virsh: (...command: string[]) => string
}

export async function startLibvirtd(t: { teardown(undo: () => unknown): unknown }): Promise<Libvirtd> {
  const folder = mkdtempSync(join(tmpdir(), 'nodeos-libvirt-'))
  const [home, runtime, storage] = ['home', 'run', 'pool'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const isRoot = process.getuid?.() === 0
  for (const path of [folder, home, runtime, storage]) {
    mkdirSync(path, { recursive: true })
    chmodSync(path, 0o755)
    if (isRoot) chownSync(path, nobody, nobody)
  }
  const identity = isRoot ? { uid: nobody, gid: nobody } : {}
  const child: ChildProcess = spawn('libvirtd', [], {
    ...identity,
    env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, HOME: home, XDG_RUNTIME_DIR: runtime },
    stdio: 'ignore',
  })
  const uri = `qemu:///session?socket=${runtime}/libvirt/libvirt-sock`
  const virsh = (...command: string[]): string =>
    runSync(['virsh', '--quiet', '--connect', uri, ...command], { purpose: 'ask libvirtd' })
  t.teardown(async () => {
    for (const name of virsh('list', '--name').split('\n').filter(Boolean)) virsh('destroy', name)
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  })
  await until('libvirtd listens', () => existsSync(`${runtime}/libvirt/libvirt-sock`))
  virsh('pool-create-as', 'images', 'dir', '--target', storage)
  return { uri, pool: 'images', virsh }
}
