import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../../../config/lib/paths.ts'
import { findProgram } from '../../../config/lib/find.ts'
import { DataDisk } from '../../data/disk.ts'
import type { DataConfig } from '../../data/handover.ts'
import type { Context } from '../../target.ts'
import { readOptions } from '../../qemu/options.ts'

/** The data disk of this repository's machine: outside of `dist/`, which anybody may remove. */
export async function dataDiskOf({ config, env }: Pick<Context, 'config' | 'env'>): Promise<DataDisk> {
  const { data } = await readOptions(config.deploy.options)
  const states = env['XDG_STATE_HOME'] || join(homedir(), '.local/state')
  const own = createHash('sha256').update(root).digest('hex').slice(0, 8)
  return new DataDisk(data ?? join(states, 'nodeos', `${config.hostname}-${own}`, 'data.qcow2'))
}

/** The commands that make a data disk as it is made here, for a person to run. */
export function diskCommands({ file }: DataDisk, { label, size }: DataConfig): string[][] {
  const raw = `${file}.unfinished-raw`
  return [
    ['mkdir', '-p', dirname(file)],
    [findProgram('mke2fs') ?? 'mke2fs', '-q', '-F', '-t', 'ext4', '-m', '0', '-L', label, raw, `${size}M`],
    ['qemu-img', 'convert', '-q', '-f', 'raw', '-O', 'qcow2', raw, file],
    ['rm', raw],
  ]
}
