import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hashFile, hashText } from '../../config/lib/hash.ts'
import { makeAtomic } from '../../config/lib/atomic.ts'
import { root } from '../../config/lib/paths.ts'
import { runSync } from '../../config/lib/run.ts'

export interface NativeOptions {
  /** File to write, replaced at once when finished. */
  out: string
  /** Folder with `node_api.h`. */
  headers: string
  /** Build in AddressSanitizer and UndefinedBehaviorSanitizer: for tests on the host. */
  sanitize?: boolean
}

const sources = join(root, 'kernel/native')
const compiler = 'gcc'
const purpose = 'compile the native binding'

const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wvla', '-Werror']
const common = [
  '-std=c17',
  '-D_DEFAULT_SOURCE',
  '-DNAPI_VERSION=8',
  '-fPIC',
  '-shared',
  '-fvisibility=hidden',
  '-fno-ident',
]
const release = [
  '-O2',
  '-s',
  '-ffunction-sections',
  '-Wl,--gc-sections',
  '-Wl,--build-id=none',
  '-Wl,-z,noseparate-code',
]
const sanitized = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined']

/**
 * Compiles kernel/native into a Node-API addon. The same sources, headers and compiler give the same bytes.
 *
 * @throws {UserError} when the compiler is missing or rejects the sources
 */
export async function buildNative({ out, headers, sanitize = false }: NativeOptions): Promise<void> {
  const files = (await sourceNames()).filter((name) => name.endsWith('.c'))
  const flags = [...warnings, ...common, ...(sanitize ? sanitized : release), `-ffile-prefix-map=${root}=.`]
  await makeAtomic(out, async (unfinished) => {
    // Node's headers are not ours to correct: -isystem suppresses warnings about them.
    runSync([compiler, ...flags, '-isystem', headers, '-o', unfinished, ...files], { purpose, cwd: sources })
  })
}

/** Returns everything but Node's headers that determines the binding's bytes: a name and a hash or version each. */
export async function nativeInputs(): Promise<Record<string, string>> {
  const names = await sourceNames()
  const hashes = await Promise.all(names.map((name) => hashFile(join(sources, name))))
  return {
    ...Object.fromEntries(names.map((name, index) => [`kernel/native/${name}`, hashes[index] ?? ''])),
    'native compiler': runSync([compiler, '--version'], { purpose }).split('\n')[0] ?? '',
    'native flags': hashText([...warnings, ...common, ...release].join(' ')),
  }
}

/** Lists C sources and headers in a fixed order, which determines the layout of the binary. */
async function sourceNames(): Promise<string[]> {
  return (await readdir(sources)).filter((name) => /\.[ch]$/.test(name)).sort()
}
