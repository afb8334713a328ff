import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hashFile } from './lib/artefact.ts'
import { root } from './lib/paths.ts'
import { tool } from './lib/tool.ts'

const folder = join(root, 'kernel/init')

/** Warnings are errors: this program cannot be restarted. */
export const strict = ['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror'] as const

/** Compiles PID 1: one static binary of some tens of kilobytes. */
export async function buildInit({ out }: { out: string }): Promise<void> {
  const sources = (await initSources()).map((name) => join(folder, name))
  const argv: [string, ...string[]] = [
    'musl-gcc',
    '-static',
    '-s',
    '-Os',
    ...strict,
    ...kernelHeaders(),
    '-ffunction-sections',
    '-Wl,--gc-sections,--build-id=none',
    `-ffile-prefix-map=${root}=.`,
    '-o',
    out,
    ...sources,
  ]
  tool(argv, { purpose: 'compile init' })
}

/** Hashes of what init is made from. */
export async function initInputs(): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => /\.[ch]$/.test(name)).sort()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [`init/${name}`, await hashFile(join(folder, name))])),
  )
}

async function initSources(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.c')).sort()
}

/** musl-gcc leaves out the host's include folders; the kernel's headers (linux/input.h) are taken from there last. */
function kernelHeaders(): string[] {
  const multiarch = tool(['gcc', '-print-multiarch'], { purpose: 'find the kernel headers' }).trim()
  return ['/usr/include', ...(multiarch === '' ? [] : [`/usr/include/${multiarch}`])].flatMap((path) => [
    '-idirafter',
    path,
  ])
}
