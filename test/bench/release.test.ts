import t from 'tap'
import type { SystemConfig } from '../../config/system.types.ts'
import { artefactPath, healthPort, readRelease, releaseGuest } from './release.ts'

const artefacts = ['kernel/vmlinux', 'kernel/vmlinuz', 'runtime', 'app'].map((name) => ({
  name,
  path: `${name}.file`,
  bytes: 1,
  sha256: '',
  inputs: {},
}))
const system = {
  machine: { memory: 128 },
  ports: [
    { guest: 53, protocol: 'udp' },
    { guest: 3000, protocol: 'tcp' },
  ],
  health: { path: '/healthz' },
}
const manifest = JSON.stringify({ version: 1, node: '24', kernel: '6.12', system, artefacts })

await t.test('boots what the manifest names, with the size of the config', async (t) => {
  const dist = t.testdir({ 'manifest.json': manifest })
  t.match(releaseGuest(readRelease(dist)), {
    kernel: `${dist}/kernel/vmlinux.file`,
    disks: [`${dist}/runtime.file`, `${dist}/app.file`],
    memory: 128,
    guestPort: 3000,
  })
})

await t.test('another size or kernel when asked for', async (t) => {
  const release = readRelease(t.testdir({ 'manifest.json': manifest }))
  const guest = releaseGuest(release, { memory: 64, kernel: 'kernel/vmlinuz' })
  t.equal(guest.memory, 64)
  t.match(guest.kernel, /vmlinuz\.file$/)
})

await t.test('without a build says how to get one', async (t) => {
  t.throws(() => readRelease(t.testdir()), { name: 'UserError', hint: 'npm run build' })
})

await t.test('an artefact that is not there is named', async (t) => {
  const release = readRelease(t.testdir({ 'manifest.json': manifest }))
  t.throws(() => artefactPath(release, 'initrd'), /no artefact initrd/)
})

await t.test('the health check may have a port of its own', async (t) => {
  t.equal(healthPort({ ...system, health: { port: 9000 } } as SystemConfig), 9000)
  t.throws(() => healthPort({ ...system, ports: [] } as unknown as SystemConfig), { name: 'UserError' })
})
