import { UserError } from '../../../config/lib/errors.ts'
import { log, progress } from '../../../config/lib/log.ts'
import { tail } from '../../../config/lib/run.ts'
import { tagOf } from '../../git/release.ts'
import type { ReleaseFile } from '../../git/schema.ts'
import type { Git } from '../../git/git.ts'
import type { GitOptions } from './options.ts'

/** The size of a push, and the output of both sides. */
export interface Pushed {
  bytes: number
  output: string
}

/**
 * Pushes a release and its tag to the remote `origin`, and prints the output of the host.
 *
 * @throws {UserError} when it is rejected
 */
export async function pushRelease(
  git: Git,
  { commit, file }: { commit: string; file: ReleaseFile },
  { remote, branch }: GitOptions,
): Promise<Pushed> {
  const line = progress(`Pushing release ${file.number} to ${remote}`)
  let output = ''
  let pending = ''
  const onStderr = (text: string): void => {
    output += text
    const lines = (pending + text).split(/[\r\n]/)
    pending = lines.pop() ?? ''
    for (const each of lines) {
      const [, remotely] = /^remote: (.*?)\s*$/.exec(each) ?? []
      if (remotely === undefined) line.update(each.trim())
      else if (remotely !== '') log.info(remotely)
    }
  }
  const argv = [
    'push',
    '--atomic',
    '--progress',
    'origin',
    `${commit}:refs/heads/${branch}`,
    `${commit}:refs/tags/${tagOf(file.number)}`,
  ]
  const { status } = await git
    .try(argv, { purpose: 'push the release', onStderr })
    .catch((error: unknown) => {
      if (!git.interrupted) throw error
      throw new UserError(`interrupted while pushing release ${file.number}`, {
        hint: 'npm run deploy:list   shows whether the host accepted it',
        cause: error,
      })
    })
  if (status !== 0) throw refusal(file, remote, output)
  if (/^remote: error: /m.test(output)) {
    const { cause, hint } = errorIn(remoteLines(output))
    throw new UserError(
      `${cause} (${remote} accepted release ${file.number}, but its host could not run it)`,
      {
        hint,
      },
    )
  }
  const bytes = sentBytes(output)
  line.done(bytes === undefined ? 'pushed' : `${(bytes / 1000).toFixed(1)} kB`)
  return { bytes: bytes ?? 0, output }
}

/** "Writing objects: 100% (5/5), 8.32 KiB | 8.32 MiB/s, done." */
function sentBytes(output: string): number | undefined {
  const [, number, unit = 'bytes'] =
    /Writing objects: 100% .*?, ([\d.]+) (bytes|KiB|MiB|GiB)/.exec(output) ?? []
  const factor = { bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }[unit] ?? 1
  return number === undefined ? undefined : Math.round(Number(number) * factor)
}

/** Returns the output of the remote's hooks. */
function remoteLines(output: string): string[] {
  return output
    .split(/[\r\n]/)
    .flatMap((line) => /^remote: (.*?)\s*$/.exec(line)?.[1] ?? [])
    .filter((line) => line !== '')
}

const hintLines = 80

/** The host's error: its first line names the cause, the rest is the hint. */
function errorIn(lines: readonly string[]): { cause: string | undefined; hint: string } {
  const start = lines.findIndex((line) => line.startsWith('error: '))
  const [first, ...rest] = start < 0 ? [undefined, ...lines] : lines.slice(start)
  return {
    cause: first?.replace('error: ', ''),
    hint: rest.slice(0, hintLines).join('\n').replaceAll(/^ {2}/gm, ''),
  }
}

function refusal({ number }: ReleaseFile, remote: string, output: string): UserError {
  const remotely = remoteLines(output)
  if (
    /\[(remote )?rejected\].*(fetch first|non-fast-forward|stale info|cannot lock ref|failed to update ref|already exists)/.test(
      output,
    )
  ) {
    return new UserError(`someone else deployed to ${remote} in the meantime`, {
      hint: 'npm run deploy:list   shows the new release; npm run deploy   deploys yours after it',
    })
  }
  const { cause, hint } = errorIn(remotely)
  const what = `${remote} rejected release ${number}; the previous release keeps running`
  return new UserError(cause === undefined ? what : `${cause} (${what})`, {
    hint: remotely.length === 0 ? tail(output, 15) : hint,
  })
}
