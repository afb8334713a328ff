import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { makeAtomic } from '../../config/lib/atomic.ts'
import { hashFile, hashText } from '../../config/lib/hash.ts'
import { findProgram } from '../../config/lib/find.ts'
import { root } from '../../config/lib/paths.ts'
import { runSync } from '../../config/lib/run.ts'
import type { Inputs } from '../pipeline/key.ts'

/** The same sources and compiler give the same bytes, in any folder. */
const reproducible = ['-fno-ident', `-ffile-prefix-map=${root}=.`]
const small = [
  '-s',
  '-ffunction-sections',
  '-Wl,--gc-sections',
  '-Wl,--build-id=none',
  '-Wl,-z,noseparate-code',
]

const init = { sources: join(root, 'kernel/init'), cc: 'musl-gcc', purpose: 'compile init' }

/** Warnings are errors: init cannot be restarted. */
export const strict = ['-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Wshadow', '-Werror'] as const

const initFlags = [...strict, ...small, '-static', '-Os', '-fno-asynchronous-unwind-tables']

export interface InitOptions {
  /** File to write, replaced at once when finished. */
  out: string
  /** Folder of the sources; init's when left out. */
  sources?: string
  /** A compiler whose libc can be linked statically. */
  cc?: string
}

/**
 * Compiles PID 1: one static binary of some tens of kilobytes.
 *
 * @throws {UserError} when the compiler is missing or rejects the sources
 */
export async function buildInit({ out, sources = init.sources, cc = init.cc }: InitOptions): Promise<void> {
  await compile({ ...init, sources, cc }, out, [...initFlags, ...kernelHeaders(cc)])
}

/** Returns the compilers and the C library: with other ones, the same sources give other bytes. */
export async function toolInputs(): Promise<Inputs> {
  const libc = runSync([init.cc, '-print-file-name=libc.a'], init).trim()
  return {
    'init compiler': versionOf(init),
    'init libc': await hashFile(libc),
    'native compiler': versionOf(native),
  }
}

function versionOf({ cc, purpose }: Program): string {
  return runSync([cc, '--version'], { purpose }).split('\n')[0] ?? ''
}

/** Returns whether this host has the compilers. */
export function hasCompilers(): boolean {
  return [init, native].every(({ cc }) => findProgram(cc) !== undefined)
}

/** Adds the host's include folders last: musl-gcc leaves them out, and they have the kernel's headers (linux/input.h). */
function kernelHeaders(cc: string): string[] {
  const multiarch = runSync([cc, '-print-multiarch'], init).trim()
  const folders = ['/usr/include', ...(multiarch === '' ? [] : [`/usr/include/${multiarch}`])]
  return folders.flatMap((folder) => ['-idirafter', folder])
}

const native = { sources: join(root, 'kernel/native'), cc: 'gcc', purpose: 'compile the native binding' }

const nativeFlags = [
  ...['-std=c17', '-D_DEFAULT_SOURCE', '-DNAPI_VERSION=8', '-fPIC', '-shared', '-fvisibility=hidden'],
  ...['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wvla', '-Werror'],
]
const release = [...small, '-O2']
const sanitized = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined']

export interface NativeOptions {
  /** File to write, replaced at once when finished. */
  out: string
  /** Folder with `node_api.h`. */
  headers: string
  /** Build in AddressSanitizer and UndefinedBehaviorSanitizer: for tests on the host. */
  sanitize?: boolean
}

/**
 * Compiles kernel/native into a Node-API addon.
 *
 * @throws {UserError} when the compiler is missing or rejects the sources
 */
export async function buildNative({ out, headers, sanitize = false }: NativeOptions): Promise<void> {
  // Node's headers are not ours to correct: -isystem suppresses warnings about them.
  await compile(native, out, [...nativeFlags, ...(sanitize ? sanitized : release), '-isystem', headers])
}

/** Returns everything but the tools and Node's headers that determines the bytes of both programs. */
export async function sourceInputs(): Promise<Inputs> {
  return {
    ...(await inputsOf('init', init, initFlags)),
    ...(await inputsOf('native', native, [...nativeFlags, ...release])),
  }
}

interface Program {
  sources: string
  cc: string
  purpose: string
}

async function compile({ sources, cc, purpose }: Program, out: string, flags: string[]): Promise<void> {
  const files = (await sourceNames(sources)).filter((name) => name.endsWith('.c'))
  await makeAtomic(resolve(out), async (unfinished) => {
    runSync([cc, ...flags, ...reproducible, '-o', unfinished, ...files], { purpose, cwd: sources })
  })
}

async function inputsOf(name: string, { sources }: Program, flags: string[]): Promise<Inputs> {
  const names = await sourceNames(sources)
  const hashes = names.map(async (file) => [`kernel/${name}/${file}`, await hashFile(join(sources, file))])
  return {
    ...(Object.fromEntries(await Promise.all(hashes)) as Inputs),
    [`${name} flags`]: hashText(flags.join(' ')),
  }
}

/** Lists C sources and headers in a fixed order, which determines the layout of the binary. */
async function sourceNames(sources: string): Promise<string[]> {
  return (await readdir(sources)).filter((name) => /\.[ch]$/.test(name)).sort()
}
