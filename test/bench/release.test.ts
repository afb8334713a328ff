import t from 'tap'
import type { Manifest } from '../../build/manifest.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import type { Release } from '../../deploy/target.ts'
import { artefact, healthPort, releaseGuest } from './release.ts'

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

await t.test('another size or kernel when asked for', async (t) => {
  const guest = releaseGuest(release, { memory: 64, kernel: 'kernel/vmlinuz' })
  t.equal(guest.memory, 64)
  t.match(guest.kernel, /vmlinuz\.file$/)
})

await t.test('an artefact that is not there is named', async (t) => {
  t.throws(() => artefact(release, 'initrd'), /missing artefact initrd/)
})

await t.test('the health check may have a port of its own', async (t) => {
  t.equal(healthPort({ ...system, health: { port: 9000 } } as SystemConfig), 9000)
  t.throws(() => healthPort({ ...system, ports: [] } as unknown as SystemConfig), { name: 'UserError' })
})
