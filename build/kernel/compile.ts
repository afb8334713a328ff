import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { UserError } from '../../config/lib/errors.ts'
import type { Progress } from '../../config/lib/log.ts'
import { findProgram } from '../../config/lib/find.ts'
import { byLine, tail, tryRun } from '../../config/lib/run.ts'

/** Fixed so that the same source and configuration give the same bytes on any day, by any user, anywhere. */
const reproducible = [
  'KBUILD_BUILD_TIMESTAMP=@1767225600',
  'KBUILD_BUILD_USER=nodeos',
  'KBUILD_BUILD_HOST=nodeos',
  'KBUILD_BUILD_VERSION=1',
  'LOCALVERSION=',
]

/** What a kernel is compiled with beside its tree. */
export interface CompileOptions {
  jobs: number
  /** File that keeps everything make prints. */
  log: string
  /** Where ccache, when the host has it, keeps object files: most of them serve the next configuration, too. */
  objects: string
  line: Progress
  /** Ends the compiler. */
  interrupted: AbortSignal
}

/**
 * Compiles `vmlinux` and `bzImage` in a configured kernel tree, in parallel, showing which file is at work.
 *
 * @throws {UserError} with the first lines that name an error, and the log's path
 */
export async function compile(
  tree: string,
  { jobs, log, objects, line, interrupted }: CompileOptions,
): Promise<void> {
  const cached = findProgram('ccache') !== undefined
  const compilers = cached ? ['CC=ccache gcc', 'HOSTCC=ccache gcc'] : []
  const kept = createWriteStream(log)
  let files = 0
  const show = byLine((text) => {
    const match = /^ {2}(CC|AS|LD|AR|HOSTCC|OBJCOPY|ZSTD22?)\s+(\S+)/.exec(text)
    if (match?.[2] === undefined) return
    files += 1
    line.update(`${files} files  ${match[2]}`)
  })
  const make = ['make', '-C', tree, `-j${jobs}`, ...reproducible, ...compilers, 'vmlinux', 'bzImage'] as const
  const { status } = await tryRun(make, {
    purpose: 'compile the kernel',
    env: { CCACHE_DIR: objects, CCACHE_MAXSIZE: '500M' },
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
