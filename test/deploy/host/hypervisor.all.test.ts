import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { killBooted, startRelease } from '../../../deploy/host/machine.ts'
import { defaults } from '../../../deploy/host/home.ts'
import type { HostHypervisor } from '../../../deploy/host/hypervisor.ts'
import { type Machines, machinesOn } from './machines.ts'

/** Releases 1 and 2 were deployed, and 2 serves. */
async function twoServes(t: Test): Promise<Machines & { hypervisor: HostHypervisor }> {
  const machines = await machinesOn(t)
  const { hypervisor } = await machines.open()
  for (const number of [1, 2]) await deploy(machines, hypervisor, { number })
  t.same(machines.onDisk(), [1, 2])
  return { ...machines, hypervisor }
}

async function deploy(
  machines: Machines,
  hypervisor: HostHypervisor,
  release: Parameters<Machines['add']>[0],
): Promise<void> {
  await (await hypervisor.boot(await machines.add(release), () => undefined)).commit()
}

const never = new Promise<never>(() => undefined)

await t.test('the changes of a release that does not become healthy are undone', async (t) => {
  const { hypervisor, ...machines } = await twoServes(t)
  await t.rejects(deploy(machines, hypervisor, { number: 3, unhealthy: true }))
  t.same(machines.onDisk(), [1, 2, 2])
  t.match(hypervisor.state, { current: { number: 2 }, handover: undefined })
})

await t.test('a service that was killed after it restored the data undoes that', async (t) => {
  const { hypervisor, ...machines } = await twoServes(t)
  const reached = new Promise<void>((resolve) => {
    hypervisor.data.provide = () => (resolve(), never)
  })
  void deploy(machines, hypervisor, { number: 3, restore: 1 })
  await reached
  t.same(machines.onDisk(), [1], 'as release 1 left it')
  await (await machines.open()).resume()
  t.same(machines.onDisk(), [1, 2, 2])
})

await t.test('a service that was killed before anything changed continues', async (t) => {
  const { hypervisor, ...machines } = await twoServes(t)
  const reached = new Promise<void>((resolve) => {
    hypervisor.data.snapshot = () => (resolve(), never)
  })
  void deploy(machines, hypervisor, { number: 3, restore: 1 })
  await reached
  const next = await machines.open()
  await next.resume()
  t.same(machines.onDisk(), [1, 2, 2])
  await deploy(machines, next.hypervisor, { number: 3, restore: 1 })
  t.same(machines.onDisk(), [1, 3], 'the snapshot is still there')
})

await t.test('an undo that fails is done before anything else boots', async (t) => {
  const { hypervisor, ...machines } = await twoServes(t)
  const restore = hypervisor.data.restore.bind(hypervisor.data)
  hypervisor.data.restore = () => Promise.reject(new Error('no space'))
  await t.rejects(deploy(machines, hypervisor, { number: 3, unhealthy: true }), { message: 'no space' })
  await t.rejects(hypervisor.bringUp(2), { message: 'no space' })
  await t.rejects(deploy(machines, hypervisor, { number: 4 }), { message: 'no space' })
  t.same(machines.booted(), [1, 2, 3], 'no release ran with the data of release 3')
  hypervisor.data.restore = restore
  await hypervisor.bringUp(2)
  t.same(machines.onDisk(), [1, 2, 2])
  await deploy(machines, hypervisor, { number: 5 })
  t.same(machines.onDisk(), [1, 2, 2, 5])
})

await t.test('an undo that fails outlives the service, and a destroy that keeps the data', async (t) => {
  const { hypervisor, ...machines } = await twoServes(t)
  hypervisor.data.restore = () => Promise.reject(new Error('no space'))
  await t.rejects(deploy(machines, hypervisor, { number: 3, unhealthy: true }), { message: 'no space' })
  await hypervisor.stop()
  await hypervisor.forget()
  await deploy(machines, (await machines.open()).hypervisor, { number: 4 })
  t.same(machines.onDisk(), [1, 2, 4])
})

await t.test('the changes of a release that does not start again are undone', async (t) => {
  const { hypervisor, ...machines } = await twoServes(t)
  const kept = await machines.add({ number: 3 })
  await killBooted((await hypervisor.boot(kept, () => undefined)).machine)
  rmSync(join(hypervisor.store.folder, 'releases/3.json'))
  await hypervisor.bringUp(3)
  t.match(hypervisor.state.current, { number: 2 })
  t.same(machines.onDisk(), [1, 2, 2])
})

await t.test('after a destroy that keeps the data, a failed release is undone, too', async (t) => {
  const { hypervisor, ...machines } = await twoServes(t)
  await hypervisor.stop()
  await hypervisor.forget()
  await t.rejects(deploy(machines, hypervisor, { number: 3, unhealthy: true }))
  t.same(machines.onDisk(), [1, 2])
  t.equal(hypervisor.state.current, undefined)
})

await t.test('the first release with data leaves none if it does not become healthy', async (t) => {
  const machines = await machinesOn(t)
  const { hypervisor } = await machines.open()
  await deploy(machines, hypervisor, { number: 1, data: false })
  await t.rejects(deploy(machines, hypervisor, { number: 2, unhealthy: true }))
  t.same(machines.onDisk(), [])
  t.match(hypervisor.state.current, { number: 1 })
  await deploy(machines, hypervisor, { number: 3 })
  t.same(machines.onDisk(), [3])
})

await t.test('a stopped appliance stays stopped', async (t) => {
  const { hypervisor, ...machines } = await twoServes(t)
  await hypervisor.stop()
  await t.rejects(deploy(machines, hypervisor, { number: 3, unhealthy: true }))
  t.same(machines.booted(), [1, 2, 3])
  t.match(hypervisor.state, { stopped: true, current: { number: 2 } })
  const [port] = hypervisor.state.current?.published ?? []
  if (port === undefined) throw new Error('no port')
  await hypervisor.proxy.listen([port])
  hypervisor.listenOnOwnPorts()
  await t.rejects(fetch(`http://127.0.0.1:${port.port}/`), 'nothing listens')
})

await t.test('a machine that cannot be recorded is killed', async (t) => {
  const machines = await machinesOn(t)
  const { store } = (await machines.open()).hypervisor
  const kept = await machines.add({ number: 1, data: false })
  const folder = join(machines.folder, 'machine')
  // No file can be written where a folder is.
  mkdirSync(join(folder, 'machine.json'), { recursive: true })
  await t.rejects(startRelease(kept, { name: 'lb', store, settings: defaults, folder }), { code: 'EISDIR' })
  t.same(commandsWith(folder), [], 'the machine ended')
})

function commandsWith(path: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      } catch {
        return ''
      }
    })
    .filter((words) => words.includes(path))
}
