import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import shell from 'shelljs'
import { UserError } from '../../../build/lib/errors.ts'
import { root } from '../../../build/lib/paths.ts'

/** `deploy.options` of the target `git`. */
export interface GitOptions {
  remote: string
  branch: string
  sign: boolean
  key?: string
}

export const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    remote: {
      type: 'string',
      minLength: 1,
      description:
        'Repository that holds the releases: a path, ssh://user@host/path, user@host:path or an https: URL. npm run host prints it.',
    },
    branch: {
      type: 'string',
      pattern: '^[\\w][\\w./-]*$',
      default: 'main',
      description: 'Branch of the releases.',
    },
    sign: {
      type: 'boolean',
      default: true,
      description: 'Whether releases are signed; a host refuses those that are not.',
    },
    key: {
      type: 'string',
      description:
        "SSH key that signs; its public half when an agent holds it. When left out: git's user.signingkey, then ~/.ssh/id_ed25519.",
    },
  },
} as const

/** Fills in defaults. @throws {UserError} when no remote is configured */
export function readOptions(options: object): GitOptions {
  const all: Omit<GitOptions, 'remote'> & { remote?: string } = { branch: 'main', sign: true, ...options }
  const { remote } = all
  if (remote === undefined) {
    throw new UserError('deploy.options.remote: it is not said where releases are pushed to', {
      hint: 'npm run host   on the host sets one up and prints what to write here',
    })
  }
  return { ...all, remote: isPath(remote) ? resolve(root, expand(remote)) : remote }
}

/** Whether a remote is a folder of this host, as git decides it. */
export function isPath(remote: string): boolean {
  return !/^[\w+.-]+:\/\//.test(remote) && !/^[^/]+:/.test(remote)
}

function expand(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
}

/**
 * The file of the key that signs.
 *
 * @throws {UserError} when there is none
 */
export function signingKey({ key }: GitOptions): string {
  const configured = shell.cmd('git', '-C', root, 'config', '--get', 'user.signingkey').stdout.trim()
  const format = shell.cmd('git', '-C', root, 'config', '--get', 'gpg.format').stdout.trim()
  const usual = join(homedir(), '.ssh/id_ed25519')
  const wanted = key ?? (format === 'ssh' && configured !== '' ? configured : usual)
  const file = resolve(root, expand(wanted))
  if (wanted.startsWith('key::') || wanted.startsWith('ssh-')) return wanted
  if (existsSync(file)) return file
  throw new UserError(`the key that signs releases is not there: ${file}`, {
    hint: 'ssh-keygen -t ed25519   makes one; deploy.options.key names another one; "sign": false signs nothing',
  })
}
