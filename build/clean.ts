import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readdir, rm, rmdir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { cacheFrom, keptEntries } from './pipeline/cache.ts'
import { UserError } from '../config/lib/errors.ts'
import { log } from '../config/lib/log.ts'
import { main } from '../config/lib/main.ts'
import { dist } from '../config/lib/paths.ts'

export interface CleanOptions {
  /** Folders to remove. */
  folders: readonly string[]
  /** Remove them even while a machine runs from them. */
  force: boolean
  /** Where the processes of this host are listed. */
  processes?: string
}

/**
 * Removes the output of builds.
 *
 * @returns the folders that were there
 * @throws {UserError} while a machine runs from one of them
 */
export async function clean({ folders, force, processes = '/proc' }: CleanOptions): Promise<string[]> {
  const there = folders.filter((folder) => existsSync(folder))
  const users = machinesIn(there, processes)
  if (users.length > 0 && !force) {
    throw new UserError(`a machine is running from ${there.join(' and ')}: process ${users.join(', ')}`, {
      hint: 'npm run deploy:stop            stops it\nnpm run clean -- --force       removes its files anyway',
    })
  }
  for (const folder of there) await remove(folder)
  return there
}

/** Removes a folder, or the content of a mount point, such as dist/ in the dev container. */
async function remove(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    await rmdir(folder)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EBUSY')) throw error
  }
}

/** Returns the ids of the QEMU processes whose command line names a file in one of the folders. */
function machinesIn(folders: readonly string[], processes: string): string[] {
  if (!existsSync(processes)) return []
  return readdirSync(processes)
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const [program = '', ...argv] = commandLine(join(processes, pid, 'cmdline'))
      if (!/qemu-(system|kvm)/.test(program)) return false
      return folders.some((folder) => argv.some((argument) => argument.includes(`${folder}${sep}`)))
    })
}

/** Reads the command line of a process, which may end meanwhile. */
function commandLine(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\0')
  } catch {
    return []
  }
}

await main(
  import.meta,
  {
    usage: 'npm run clean --',
    example: 'npm run clean -- --cache',
    summary: 'Removes dist/.',
    options: { cache: { type: 'boolean' }, force: { type: 'boolean' } },
    help: {
      cache: `also remove the cache: kernel sources, and the ${keptEntries} kernels and layers used last`,
      force: 'remove dist/ even while a machine runs from it',
    },
  },
  async ({ values }) => {
    const folders = [dist, ...(values.cache === true ? [cacheFrom(process.env).own] : [])]
    const removed = await clean({ folders, force: values.force === true })
    for (const folder of removed) log.step(`removed ${folder}`)
    if (removed.length === 0) log.step('nothing to remove')
  },
)
