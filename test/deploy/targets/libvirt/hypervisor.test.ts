import t from 'tap'
import { loadConfig } from '../../../../config/load.ts'
import type { SystemConfig } from '../../../../config/system.types.ts'
import { DataVolume } from '../../../../deploy/targets/libvirt/data.ts'
import { aboutOf, type Defined, definedIn, domainXml } from '../../../../deploy/targets/libvirt/domain.ts'
import { DomainMachine } from '../../../../deploy/targets/libvirt/machine.ts'
import { Pool } from '../../../../deploy/targets/libvirt/virsh.ts'
import { previousOf, replaceDomain } from '../../../../deploy/targets/libvirt/hypervisor.ts'
import { folderOf } from '../../../lib/release.ts'
import { Hypervisor } from './hypervisor.ts'

const bytes = 2 ** 20
/** Releases from this number on do not become healthy. */
const firstBad = 100
const name = 'machine'
const config = await loadConfig({
  root: folderOf(t, { 'app/index.ts': '', 'config/system.json': '{}' }),
  env: {},
})
const system: SystemConfig = { ...config, data: { label: 'data', size: bytes / 2 ** 20 } }

/** A machine on a hypervisor in memory. Each release that starts writes its number to the data disk. */
const folder = t.testdir()

class World {
  readonly hypervisor = new Hypervisor()
  readonly #pool: Promise<Pool> = Pool.open(this.hypervisor, 'images')

  constructor() {
    this.hypervisor.prints = (xml) => {
      const number = aboutOf(xml)?.number ?? 0
      if (this.hypervisor.volumes.has(`${name}.data`)) {
        const text = `${this.written('data')}${number} `
        this.hypervisor.volumes.set(`${name}.data`, text.padEnd(bytes, '\0'))
      }
      const event = number < firstBad ? 'health.ok' : 'health.failed'
      return `{"time":"2026-01-01T00:00:00Z","event":"${event}"}\n`
    }
  }

  async deploy(number: number, { data }: Pick<SystemConfig, 'data'> = system): Promise<void> {
    const about = { number, app: 'app', deployed: '', volumes: [`layer-${number}`], drainTimeout: 1 }
    const paths = { kernel: '', runtime: '', app: '', console: '' }
    const xml = domainXml({ name, type: 'kvm', ...paths, system, network: 'user', ports: [], about })
    await this.#replace({ xml, about }, data === undefined ? {} : { data })
  }

  /** Rolls back to the previous release, with its data. */
  async rollback(): Promise<void> {
    const pool = await this.#pool
    const machine = new DomainMachine(name, this.hypervisor, pool)
    const previous = await previousOf(machine, pool, definedIn(await machine.definition()))
    if (previous === undefined) throw new Error('there is no previous release')
    await this.#replace(previous, { data: system.data, restore: previous.about.number })
  }

  async #replace(next: Defined, more: { data?: SystemConfig['data']; restore?: number }): Promise<void> {
    const pool = await this.#pool
    const machine = new DomainMachine(name, this.hypervisor, pool)
    const before = definedIn(await machine.definition())
    const disk = new DataVolume(pool, name)
    await replaceDomain(
      machine,
      pool,
      { next, before, system, autostart: true, disk, data: undefined, ...more },
      { signal: new AbortController().signal, state: folder },
    )
  }

  /** Numbers that are written in a volume of the machine. */
  written(volume: string): string {
    return /^[\d ]*/.exec(this.hypervisor.volumes.get(`${name}.${volume}`) ?? '')?.[0] ?? ''
  }

  /** Numbers of the releases that were healthy and can be started: the defined one, and the previous one. */
  get goals(): number[] {
    const { domains, volumes } = this.hypervisor
    return [domains.get(name)?.xml, volumes.get(`${name}.previous`)].flatMap((xml) => {
      const about = xml === undefined ? undefined : aboutOf(xml)
      return about === undefined || about.trial === true ? [] : [about.number]
    })
  }

  get state(): string | undefined {
    return this.hypervisor.domains.get(name)?.state
  }
}

const withoutData = {}

await t.test('a first release that does not become healthy leaves no definition', async (t) => {
  const world = new World()
  await t.rejects(world.deploy(101, withoutData), { message: /^the machine was not healthy within 60 s/ })
  t.equal(world.hypervisor.domains.size, 0)
})

await t.test('a machine that was off gets its definition back, and stays off', async (t) => {
  const world = new World()
  await world.deploy(1, withoutData)
  await world.deploy(2, withoutData)
  await world.hypervisor.run('shutdown', name)
  await t.rejects(world.deploy(101, withoutData), { message: /^the machine was not healthy within 60 s/ })
  t.strictSame(world.goals, [2, 1])
  t.match(world.state, /^shut off/)
})

await t.test('a rollback never starts a release that was never healthy', async (t) => {
  const world = new World()
  await world.deploy(1, withoutData)
  const { hypervisor } = world
  const { prints } = hypervisor
  hypervisor.prints = () => {
    hypervisor.left = 0
    return ''
  }
  await t.rejects(world.deploy(2, withoutData), { message: 'killed' })
  hypervisor.left = Infinity
  hypervisor.prints = prints
  t.match(hypervisor.domains.get(name)?.xml, /layer-2/, 'it is defined')
  t.strictSame(world.goals, [1])
  await world.deploy(3, withoutData)
  t.strictSame(world.goals, [3, 1])
})

/** Kills a change at each of its commands, before it and in the middle of it. */
async function killed(
  change: (world: World) => Promise<void>,
  check: (world: World, where: string) => Promise<void>,
): Promise<number> {
  for (let commands = 1; ; commands++) {
    for (const inTheMiddle of [false, true]) {
      const world = new World()
      world.hypervisor.volumes.set(`${name}.data`, ''.padEnd(bytes, '\0'))
      await world.deploy(1)
      await world.deploy(2)
      world.hypervisor.left = commands
      world.hypervisor.inTheMiddle = inTheMiddle
      await change(world).catch(() => undefined)
      const wasKilled = world.hypervisor.left <= 0
      world.hypervisor.left = Infinity
      if (!wasKilled) return commands
      await check(world, `killed ${inTheMiddle ? 'in' : 'before'} command ${commands}`)
    }
  }
}

const changes: Record<string, (world: World) => Promise<void>> = {
  'a release that is healthy': (world) => world.deploy(3),
  'a release that is not': (world) => world.deploy(103),
  'a rollback with data': (world) => world.rollback(),
}

for (const [what, change] of Object.entries(changes)) {
  await t.test(`${what}, killed at each of its commands`, async (t) => {
    const commands = await killed(change, async (world, where) => {
      const { goals } = world
      t.ok(goals.includes(2), `${where}: release 2 can be started, of ${goals.join(' ')}`)
      const left = ['data', 'data.release-2'].map((volume) => world.written(volume))
      t.ok(
        left.some((text) => text.startsWith('1 2 ')),
        `${where}: what release 2 wrote is there`,
      )
      const error = await world.deploy(4).then(
        () => undefined,
        (error: Error & { hint: string }) => error,
      )
      if (error !== undefined) {
        t.match(error, { message: /data disk .* does not exist, but snapshots/ }, where)
        t.ok(world.written('data.release-2').startsWith('1 2 '), `${where}: its snapshot is still there`)
        for (const line of error.hint.matchAll(/^ {2}virsh (.+)$/gm)) {
          await world.hypervisor.run(
            ...(line[1] ?? '')
              .replaceAll(/release-\d+ /g, 'release-2 ')
              .replaceAll("'", '')
              .split(' '),
          )
        }
        await world.deploy(4)
      }
      t.match(world.written('data'), /^1 .*4 $/, `${where}: the next release gets the data`)
    })
    t.ok(commands > 20, `${commands} commands`)
  })
}

await t.test('a data disk whose creation was interrupted is created again', async (t) => {
  const { hypervisor } = new World()
  const disk = new DataVolume(await Pool.open(hypervisor, 'images'), name)
  for (const inTheMiddle of [false, true]) {
    Object.assign(hypervisor, { left: 10, inTheMiddle })
    await t.rejects(disk.provide({ label: 'data', size: 1 }), { message: 'killed' })
    hypervisor.left = Infinity
    t.notOk(await disk.exists())
  }
  t.equal(hypervisor.volumes.get(disk.volume), '', 'it is there, and empty')
  await disk.provide({ label: 'data', size: 1 })
  t.equal(hypervisor.volumes.get(disk.volume)?.length, bytes)
  await disk.remove()
  t.equal(hypervisor.volumes.size, 0)
})
