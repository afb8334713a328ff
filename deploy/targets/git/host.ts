import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../../config/lib/errors.ts'
import { type Argv, byLine, tail, tryRun } from '../../../config/lib/run.ts'
import type { Context, Report } from '../../target.ts'
import { isPath } from './options.ts'

/** Program in a host's repository that connects to the host's service. */
const program = 'nodeos'

/**
 * Sends a command to a host the way releases are pushed: in its folder, or over ssh.
 *
 * @param print receives what is streamed
 * @throws {UserError} the error of the host, or that it does not respond
 */
export async function askHost(
  remote: string,
  words: readonly string[],
  { env, signal }: Pick<Context, 'env' | 'signal'>,
  print: (text: string) => void,
): Promise<Report> {
  let report: Report | undefined
  const onStdout = byLine((line) => {
    const message = JSON.parse(line) as { print: string } | Report
    if ('print' in message) print(message.print)
    else report = message
  })
  const options = { purpose: `reach the host of ${remote}`, signal, onStdout }
  const result = await tryRun(commandOn(remote, words, env), options).catch((error: unknown) => {
    if (!signal.aborted) throw error
    return undefined
  })
  if (report !== undefined) return report
  if (result === undefined) return { text: '', data: {} }
  throw hostError(remote, result.stderr)
}

function commandOn(remote: string, words: readonly string[], env: NodeJS.ProcessEnv): Argv {
  if (isPath(remote)) {
    const file = join(remote, program)
    if (existsSync(file)) return [file, ...words]
    throw new UserError(`${remote} only stores releases: it was not set up by npm run host`)
  }
  const { host, port, path } = sshPlace(remote)
  const ssh = env['GIT_SSH_COMMAND'] ?? 'ssh'
  const remotely = [`${path}/${program}`, ...words].map(quoted).join(' ')
  return ['sh', '-c', `${ssh} "$@"`, 'ssh', ...(port === undefined ? [] : ['-p', port]), host, remotely]
}

/** Host and path of `ssh://user@host:port/path` and of `user@host:path`. */
export function sshPlace(remote: string): { host: string; port?: string; path: string } {
  const url = /^ssh:\/\/([^/:]+)(?::(\d+))?(\/.*?)\/*$/.exec(remote)
  if (url !== null) {
    const [, host = '', port, path = ''] = url
    return { host, ...(port === undefined ? {} : { port }), path: path.replace(/^\/~\//, '') }
  }
  const short = /^([^/:]+):(?!\/\/)(.+?)\/*$/.exec(remote)
  if (short !== null) return { host: short[1] ?? '', path: (short[2] ?? '').replace(/^~\//, '') }
  throw new UserError(`the remote ${remote} only stores releases: this command needs a host that runs them`, {
    hint: 'set deploy.options.remote to a path or an ssh remote of a host that npm run host has set up',
  })
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** Makes an error of what the host printed on stderr: a message, an empty line, a hint. */
function hostError(remote: string, output: string): UserError {
  const [, message, hint] = /^error: ([^]*?)(?:\n\n([^]*))?$/.exec(output.trim()) ?? []
  if (message === undefined) {
    return new UserError(`the host of ${remote} does not respond`, {
      hint: tail(output, 10) || 'it printed nothing',
    })
  }
  return new UserError(message, hint === undefined ? {} : { hint: hint.replaceAll(/^ {2}/gm, '') })
}
