import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { UserError } from '../../../config/lib/errors.ts'
import { root } from '../../../config/lib/paths.ts'
import { tryRunSync } from '../../../config/lib/run.ts'
import { requireProgram } from '../../../config/lib/find.ts'

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
        'Git repository for the releases: a path, ssh://user@host/path, user@host:path or an https: URL. npm run host prints it.',
    },
    branch: {
      type: 'string',
      pattern: '^[\\w][\\w./-]*$',
      default: 'main',
      description:
        'Branch of the releases. A host set up by npm run host accepts main only; use another branch for a repository that only stores releases.',
    },
    sign: {
      type: 'boolean',
      default: true,
      description: 'Sign releases. A host rejects releases that are not signed.',
    },
    key: {
      type: 'string',
      description:
        "Path of the SSH key that signs: the private key, or the public key when an agent holds the private one. Default: git's user.signingkey, else ~/.ssh/id_ed25519.",
    },
  },
} as const

/** Fills in defaults. @throws {UserError} when no remote is configured */
export function readOptions(options: object): GitOptions {
  const all: Omit<GitOptions, 'remote'> & { remote?: string } = {
    branch: 'main',
    sign: true,
    ...options,
  }
  const { remote } = all
  if (remote === undefined) {
    throw new UserError('deploy.options.remote: missing; it names the git repository for the releases', {
      hint: 'run npm run host on the host: it sets up a repository and prints the setting',
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
 * Returns the file of the key that signs, or the key itself.
 *
 * @throws {UserError} when the key does not exist
 */
export function signingKey({ key }: Pick<GitOptions, 'key'>): string {
  requireProgram('ssh-keygen', 'sign releases')
  const wanted = key ?? defaultKey()
  if (wanted.startsWith('key::') || wanted.startsWith('ssh-')) return wanted
  const file = resolve(root, expand(wanted))
  if (existsSync(file)) return file
  throw new UserError(`signing key not found: ${file}`, {
    hint: 'create one: ssh-keygen -t ed25519; or set deploy.options.key to another one, or deploy.options.sign to false',
  })
}

function defaultKey(): string {
  const configured = gitSetting('user.signingkey')
  return gitSetting('gpg.format') === 'ssh' && configured !== '' ? configured : '~/.ssh/id_ed25519'
}

/** Reads a setting of git in this repository; empty when it is not set. */
export function gitSetting(name: string): string {
  const argv = ['git', '-C', root, 'config', '--get', name] as const
  return tryRunSync(argv, { purpose: "read git's settings" }).stdout.trim()
}
