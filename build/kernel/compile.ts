import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { UserError } from '../../config/lib/errors.ts'
import type { Progress } from '../../config/lib/log.ts'
import { byLine, tail, tryRun } from '../../config/lib/run.ts'
import { availableParallelism } from 'node:os'
import { objectFolder } from './prepare.ts'

/** The same source and configuration give the same bytes on any day, for any user, on any host. */
const reproducible = [
  'KBUILD_BUILD_TIMESTAMP=@1767225600',
  'KBUILD_BUILD_USER=nodeos',
  'KBUILD_BUILD_HOST=nodeos',
  'KBUILD_BUILD_VERSION=1',
  'LOCALVERSION=',
]

/** Options of a compilation. */
export interface CompileOptions {
  jobs: number
  /** File that keeps everything make prints. */
  log: string
  line: Progress
  /** Ends the compiler. */
  interrupted: AbortSignal
}

/**
 * Compiles `vmlinux` and `bzImage` of a configured kernel tree into its folder `objects`, in parallel, and shows the
 * current file.
 *
 * @throws {UserError} with the first lines that name an error, and the log's path
 */
export async function compile(tree: string, { jobs, log, line, interrupted }: CompileOptions): Promise<void> {
  const kept = createWriteStream(log)
  let files = 0
  const show = byLine((text) => {
    const match = /^ {2}(CC|AS|LD|AR|HOSTCC|OBJCOPY|ZSTD22?)\s+(\S+)/.exec(text)
    if (match?.[2] === undefined) return
    files += 1
    line.update(`${files} files  ${match[2]}`)
  })
  const make = [
    'make',
    '-C',
    tree,
    `O=${objectFolder}`,
    `-j${jobs}`,
    ...reproducible,
    'vmlinux',
    'bzImage',
  ] as const
  const { status } = await tryRun(make, {
    purpose: 'compile the kernel',
    signal: interrupted,
    onStdout(text) {
      kept.write(text)
      show(text)
    },
    onStderr: (text) => void kept.write(text),
  })
  kept.end()
  await finished(kept)
  if (status !== 0) throw await failure(log, status)
}

async function failure(log: string, status: number): Promise<UserError> {
  const text = await readFile(log, 'utf8')
  const errors = text
    .split('\n')
    .filter((row) => /\b(error|undefined reference|No space left|command not found)\b/i.test(row))
    .slice(0, 10)
  return new UserError(`could not compile the kernel: make exited with status ${status}`, {
    hint: `${errors.length > 0 ? errors.join('\n') : tail(text, 10)}\n\nfull output: ${log}`,
  })
}

/**
 * Parses the number of compilers that run at once; the default is one per CPU.
 *
 * @param text value of `source`, e.g. of NODEOS_JOBS
 * @throws {UserError} when it is not a number from 1 to 999
 */
export function jobsFrom(text: string | undefined, source = 'NODEOS_JOBS'): number {
  if (text === undefined) return availableParallelism()
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new UserError(`${source}: found "${text}"; allowed: a whole number from 1 to 999`, {
    hint: 'default: one job per CPU',
  })
}

/** Returns the key of config/system.json that selects a fragment. */
function keyOf(fragment: string): string {
  if (fragment === 'data') return 'data'
  if (fragment === 'mitigations') return 'kernel.mitigations'
  if (/^(none|lz4|zstd|xz)$/.test(fragment)) return 'image.compression'
  if (fragment.startsWith('image-')) return 'image.formats'
  return fragment.startsWith('platform-') ? 'kernel.platforms' : 'kernel.fragments'
}

/** Measured on one CPU of 2024. */
const minutesOnOneCpu = 20

/**
 * Describes why the kernel must be compiled and how long that takes: the differences from the last kernel that was
 * built here.
 *
 * @param previous inputs of that kernel, if one was built
 * @param reuses whether objects of another kernel are there
 */
export function compileReason(
  previous: Record<string, string> | undefined,
  inputs: Record<string, string>,
  jobs: number,
  reuses = false,
): string {
  const limit = `${reuses ? 'less than' : 'about'} ${Math.ceil(minutesOnOneCpu / jobs)} minutes`
  const time = `${limit} with ${jobs} ${jobs === 1 ? 'job' : 'jobs'}${reuses ? ' and objects of the last one' : ''}`
  const later = 'later builds take it from the cache'
  if (previous === undefined) return `The kernel is compiled for the first time here: ${time}; ${later}`
  const names = [...new Set([...Object.keys(previous), ...Object.keys(inputs)])]
  const changes = names
    .filter((name) => previous[name] !== inputs[name])
    .map((name) => changeOf(name, previous[name], inputs[name]))
  const why = changes.length === 0 ? 'it is no longer in the cache' : changes.join('; ')
  return `The kernel must be compiled: ${why}. This takes ${time}; ${later}`
}

function changeOf(name: string, before: string | undefined, now: string | undefined): string {
  const fragment = /^fragment (.+)$/.exec(name)?.[1]
  if (fragment === undefined) {
    if (before === undefined || now === undefined)
      return `${name} ${now === undefined ? 'is gone' : 'is new'}`
    const [old, current] = [before, now].map((value) => value.replace(/ ?(sha256:)?[0-9a-f]{64}$/, ''))
    return old === current ? `${name} changed` : `${name} changed from ${old} to ${current}`
  }
  const file = `kernel/config/${fragment}.config`
  if (before !== undefined && now !== undefined) return `${file} changed`
  return `"${keyOf(fragment)}" in the configuration ${now === undefined ? 'drops' : 'adds'} ${file}`
}
