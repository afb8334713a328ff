import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { hashFile, hashText } from '../../config/lib/hash.ts'
import { makeAtomic } from '../../config/lib/atomic.ts'
import { root } from '../../config/lib/paths.ts'
import { runSync } from '../../config/lib/run.ts'

export interface InitOptions {
  /** File to write, replaced at once when finished. */
  out: string
  /** Folder of the sources; init's when left out. */
  sources?: string
  /** A compiler whose libc can be linked statically. */
  cc?: string
}

const ownSources = join(root, 'kernel/init')
const compiler = 'musl-gcc'
const purpose = 'compile init'

/** Warnings are errors: this program cannot be restarted. */
export const strict = ['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Wshadow', '-Werror'] as const

const release = [
  '-static',
  '-s',
  '-Os',
  '-fno-ident',
  '-fno-asynchronous-unwind-tables',
  '-ffunction-sections',
  '-Wl,--gc-sections',
  '-Wl,--build-id=none',
  '-Wl,-z,noseparate-code',
]

/**
 * Compiles PID 1: one static binary of some tens of kilobytes. The same sources and compiler give the same bytes.
 *
 * @throws {UserError} when the compiler is missing or rejects the sources
 */
export async function buildInit({ out, sources = ownSources, cc = compiler }: InitOptions): Promise<void> {
  const files = (await sourceNames(sources)).filter((name) => name.endsWith('.c'))
  const flags = [...strict, ...release, ...kernelHeaders(cc), `-ffile-prefix-map=${root}=.`]
  await makeAtomic(resolve(out), async (unfinished) => {
    runSync([cc, ...flags, '-o', unfinished, ...files], { purpose, cwd: sources })
  })
}

/** Returns everything that determines init's bytes: a name and a hash or version each. */
export async function initInputs(): Promise<Record<string, string>> {
  const names = await sourceNames(ownSources)
  const hashes = await Promise.all(names.map((name) => hashFile(join(ownSources, name))))
  return {
    ...Object.fromEntries(names.map((name, index) => [`kernel/init/${name}`, hashes[index] ?? ''])),
    'init compiler': runSync([compiler, '--version'], { purpose }).split('\n')[0] ?? '',
    'init libc': await hashFile(runSync([compiler, '-print-file-name=libc.a'], { purpose }).trim()),
    'init flags': hashText([...strict, ...release].join(' ')),
  }
}

/** Lists C sources and headers in a fixed order, which determines the layout of the binary. */
async function sourceNames(sources: string): Promise<string[]> {
  return (await readdir(sources)).filter((name) => /\.[ch]$/.test(name)).sort()
}

/** Adds the host's include folders last: musl-gcc leaves them out, and they have the kernel's headers (linux/input.h). */
function kernelHeaders(cc: string): string[] {
  const multiarch = runSync([cc, '-print-multiarch'], { purpose }).trim()
  return ['/usr/include', ...(multiarch === '' ? [] : [`/usr/include/${multiarch}`])].flatMap((path) => [
    '-idirafter',
    path,
  ])
}
