import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { root } from '../../../build/lib/paths.ts'
import { DataDisk } from '../../data/disk.ts'
import type { Context } from '../../target.ts'
import { readOptions } from './options.ts'

/** The data disk of this repository's machine: outside of `dist/`, which anybody may remove. */
export async function dataDiskOf({ config, env }: Pick<Context, 'config' | 'env'>): Promise<DataDisk> {
  const { data } = await readOptions(config.deploy.options)
  const states = env['XDG_STATE_HOME'] || join(homedir(), '.local/state')
  const own = createHash('sha256').update(root).digest('hex').slice(0, 8)
  return new DataDisk(data ?? join(states, 'nodeos', `${config.hostname}-${own}`, 'data.qcow2'))
}
