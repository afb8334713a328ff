import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadTarget, targetNames } from '../../deploy/target.ts'
import { keepsPromises } from './contract.ts'
import { shipped } from '../lib/documents.ts'
import type { MakeWorld } from '../lib/world.ts'

// Whole lives of machines, one target after the other.

for (const name of await targetNames()) {
  await t.test(`${name} keeps its promises`, async (t) => {
    const file = join(import.meta.dirname, '../lib/worlds', `${name}.ts`)
    if (!existsSync(file)) {
      t.notOk(
        shipped.targets.some((each) => each === name),
        `${file} is missing`,
      )
      return t.comment(`NOT TESTED: without ${file}, the contract has no place to deploy to`)
    }
    const world = await ((await import(file)) as { default: MakeWorld }).default(t)
    await keepsPromises(t, await loadTarget(name), world)
  })
}
