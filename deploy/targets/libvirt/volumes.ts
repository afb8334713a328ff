import type { Listed } from '../../release/list.ts'
import { aboutOf, type Defined, definedIn } from './domain.ts'
import type { DomainMachine } from './machine.ts'
import type { Pool } from './pool.ts'
import type { Virsh } from './virsh.ts'

/** The name of a machine may begin with nodeos-, too. */
const layerVolume = /^nodeos-[a-z]+-[0-9a-f]{16}$/

export function previousVolume({ name }: { name: string }): string {
  return `${name}.previous`
}

export function envVolume({ name }: { name: string }): string {
  return `${name}.env`
}

/** Returns the release that a rollback starts; undefined if there is none, its volume is incomplete, or it is the current one. */
export async function previousOf(
  machine: DomainMachine,
  pool: Pool,
  current: Defined | undefined,
): Promise<Defined | undefined> {
  const previous = definedIn(await pool.read(previousVolume(machine)))
  return previous?.about.number === current?.about.number ? undefined : previous
}

/** Lists the current release and the one that a rollback starts. */
export async function releasesOf(machine: DomainMachine, pool: Pool): Promise<Listed[]> {
  const current = definedIn(await machine.definition())
  const previous = await previousOf(machine, pool, current)
  return [current, previous].flatMap((defined) => {
    if (defined === undefined) return []
    const { number, app, deployed, commit, dirty } = defined.about
    const source = { ...(commit === undefined ? {} : { commit }), ...(dirty === undefined ? {} : { dirty }) }
    return { number, added: deployed, app, source, serves: defined === current }
  })
}

/** Names the volumes that machines of NodeOS on this hypervisor use, or their previous releases. */
export async function volumesInUse(virsh: Virsh, pool: Pool): Promise<Set<string>> {
  const names = (await virsh.run('list', '--all', '--name')).split('\n').filter((name) => name !== '')
  const definitions = await Promise.all(names.map((name) => virsh.ask('dumpxml', '--inactive', name)))
  const before = (await pool.volumes()).filter((name) => name.endsWith('.previous'))
  for (const name of before) definitions.push(await pool.read(name))
  return new Set(definitions.flatMap((xml) => (xml === undefined ? [] : (aboutOf(xml)?.volumes ?? []))))
}

export async function removeUnused(virsh: Virsh, pool: Pool): Promise<void> {
  const used = await volumesInUse(virsh, pool)
  for (const volume of await pool.volumes()) {
    if (layerVolume.test(volume) && !used.has(volume)) await pool.remove(volume)
  }
}
