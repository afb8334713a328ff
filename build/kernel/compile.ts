import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import shell from 'shelljs'
import { UserError } from '../../config/lib/errors.ts'
import type { Progress } from '../../config/lib/log.ts'
import { tail } from '../../config/lib/tool.ts'

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
  const cached = shell.which('ccache') !== null
  const compilers = cached ? ['CC=ccache gcc', 'HOSTCC=ccache gcc'] : []
  const make = spawn('make', ['-C', tree, `-j${jobs}`, ...reproducible, ...compilers, 'vmlinux', 'bzImage'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: interrupted,
    env: { ...process.env, CCACHE_DIR: objects, CCACHE_MAXSIZE: '500M' },
  })
  const kept = createWriteStream(log)
  make.stdout.pipe(kept, { end: false })
  make.stderr.pipe(kept, { end: false })
  let files = 0
  createInterface({ input: make.stdout }).on('line', (text) => {
    const match = /^ {2}(CC|AS|LD|AR|HOSTCC|OBJCOPY|ZSTD22?)\s+(\S+)/.exec(text)
    if (match?.[2] === undefined) return
    files += 1
    line.update(`${files} files  ${match[2]}`)
  })
  const [status] = (await once(make, 'close')) as [number | null]
  kept.end()
  await finished(kept)
  if (status !== 0) throw await failure(log, status)
}

async function failure(log: string, status: number | null): Promise<UserError> {
  const text = await readFile(log, 'utf8')
  const errors = text
    .split('\n')
    .filter((row) => /\b(error|undefined reference|No space left|command not found)\b/i.test(row))
    .slice(0, 10)
  return new UserError(
    `could not compile the kernel: make exited with ${status === null ? 'a signal' : `status ${status}`}`,
    {
      hint: `${errors.length > 0 ? errors.join('\n') : tail(text, 10)}\n\nfull output: ${log}`,
    },
  )
}
