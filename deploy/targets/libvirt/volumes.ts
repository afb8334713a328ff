import type { Listed } from '../../release/list.ts'
import { type About, aboutOf } from './domain.ts'
import type { DomainMachine } from './machine.ts'
import type { Pool } from './pool.ts'
import type { Virsh } from './virsh.ts'

/** A machine may be called nodeos-something, too. */
const layerVolume = /^nodeos-[a-z]+-[0-9a-f]{16}$/

export function previousVolume({ name }: { name: string }): string {
  return `${name}.previous`
}

export function envVolume({ name }: { name: string }): string {
  return `${name}.env`
}

/** A definition, and what it says of its release. */
export interface Defined {
  xml: string
  about: About
}

/** The release that it can be brought back to: none when what is kept is broken off, or the one that is defined. */
export async function previousOf(
  machine: DomainMachine,
  pool: Pool,
  current: string | undefined,
): Promise<Defined | undefined> {
  const xml = await pool.read(previousVolume(machine))
  const about = xml === undefined ? undefined : aboutOf(xml)
  if (xml === undefined || about === undefined) return undefined
  return current !== undefined && aboutOf(current)?.number === about.number ? undefined : { xml, about }
}

/** What is defined, and what it can be brought back to. */
export async function releasesOf(machine: DomainMachine, pool: Pool): Promise<Listed[]> {
  const xml = await machine.definition()
  const current = xml === undefined ? undefined : aboutOf(xml)
  const previous = (await previousOf(machine, pool, xml))?.about
  return [current, previous].flatMap((about) => {
    if (about === undefined) return []
    const { number, app, deployed, commit, dirty } = about
    const source = { ...(commit === undefined ? {} : { commit }), ...(dirty === undefined ? {} : { dirty }) }
    return { number, added: deployed, app, source, serves: about === current }
  })
}

/** Volumes that some machine of NodeOS on this hypervisor, or its release before, is made of. */
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
