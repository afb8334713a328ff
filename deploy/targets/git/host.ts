import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../../config/lib/errors.ts'
import { tail } from '../../../config/lib/run.ts'
import type { Context, Report } from '../../target.ts'
import { isPath } from './options.ts'

/** Program in a host's repository that speaks with the host's service. */
const program = 'nodeos'

/**
 * Has a host do something, by the way that releases are pushed: in its folder, or over ssh.
 *
 * @param print gets what is streamed
 * @throws {UserError} what the host says, or that it cannot be asked
 */
export async function askHost(
  remote: string,
  words: readonly string[],
  { env, signal }: Pick<Context, 'env' | 'signal'>,
  print: (text: string) => void,
): Promise<Report> {
  const [file, ...argv] = commandOn(remote, words, env)
  const child = spawn(file, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [said, answer] = ['', '']
  const stop = (): void => void child.kill()
  signal.addEventListener('abort', stop)
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const lines = lineByLine((line) => {
    const message = JSON.parse(line) as { print: string } | Report
    if ('print' in message) print(message.print)
    else answer = line
  })
  child.stdout.setEncoding('utf8').on('data', lines)
  await once(child, 'close').catch(() => undefined)
  signal.removeEventListener('abort', stop)
  if (answer !== '') return JSON.parse(answer) as Report
  if (signal.aborted) return { text: '', data: {} }
  throw hostError(remote, said)
}

function commandOn(remote: string, words: readonly string[], env: NodeJS.ProcessEnv): [string, ...string[]] {
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

function lineByLine(each: (line: string) => void): (text: string) => void {
  let pending = ''
  return (text) => {
    const lines = (pending + text).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) each(line)
  }
}

/** What the host's program wrote on stderr is meant for the user: a message, an empty line, a hint. */
function hostError(remote: string, said: string): UserError {
  const [, message, hint] = /^error: ([^]*?)(?:\n\n([^]*))?$/.exec(said.trim()) ?? []
  if (message === undefined) {
    return new UserError(`the host of ${remote} does not respond`, {
      hint: tail(said, 10) || 'it printed nothing',
    })
  }
  return new UserError(message, hint === undefined ? {} : { hint: hint.replaceAll(/^ {2}/gm, '') })
}
