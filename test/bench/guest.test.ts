import t from 'tap'
import type { Manifest } from '../../build/pipeline/manifest.ts'
import type { Release } from '../../deploy/target.ts'
import { artefact, releaseGuest } from './guest.ts'

const artefacts = ['kernel/vmlinux', 'kernel/vmlinuz', 'runtime', 'app'].map((name) => ({
  name,
  path: `${name}.file`,
}))
const system = {
  machine: { memory: 128 },
  kernel: { cmdline: 'loglevel=7' },
  ports: [
    { guest: 53, protocol: 'udp' },
    { guest: 3000, protocol: 'tcp' },
  ],
  health: { path: '/healthz' },
}
const release: Release = { dist: '/dist', manifest: { system, artefacts } as unknown as Manifest }

await t.test('boots what the manifest names, with the size and the command line of the config', async (t) => {
  t.match(releaseGuest(release), {
    kernel: '/dist/kernel/vmlinux.file',
    append: /loglevel=7$/,
    disks: ['/dist/runtime.file', '/dist/app.file'],
    memory: 128,
    guestPort: 3000,
  })
})

await t.test('another size on request', async (t) => {
  t.equal(releaseGuest(release, { memory: 64 }).memory, 64)
})

await t.test('names a missing artefact', async (t) => {
  t.throws(() => artefact(release, 'initrd'), /missing artefact initrd/)
})

await t.test('requires a port for requests', async (t) => {
  const none = { ...release.manifest, system: { ...system, ports: [] } } as unknown as Manifest
  t.throws(() => releaseGuest({ ...release, manifest: none }), { name: 'UserError' })
})
