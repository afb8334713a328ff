import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import shell from 'shelljs'
import { UserError } from '../../../build/lib/errors.ts'
import { root } from '../../../build/lib/paths.ts'
import { findTool, missingTool } from '../../../build/lib/tool.ts'

/** `deploy.options` of the target `git`. */
export interface GitOptions {
  remote: string
  branch: string
  sign: boolean
  signature: 'ssh' | 'minisign'
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
      description:
        'Branch of the releases. A host of npm run host takes main alone; another one is for a repository that only keeps them.',
    },
    sign: {
      type: 'boolean',
      default: true,
      description: 'Whether releases are signed; a host refuses those that are not.',
    },
    signature: {
      enum: ['ssh', 'minisign'],
      default: 'ssh',
      description: 'What signs: an SSH key, or minisign.',
    },
    key: {
      type: 'string',
      description:
        "Key that signs. An SSH key, or its public half when an agent holds it; when left out: git's user.signingkey, then ~/.ssh/id_ed25519. A secret key of minisign; when left out: ~/.minisign/minisign.key.",
    },
  },
} as const

/** Fills in defaults. @throws {UserError} when no remote is configured */
export function readOptions(options: object): GitOptions {
  const all: Omit<GitOptions, 'remote'> & { remote?: string } = {
    branch: 'main',
    sign: true,
    signature: 'ssh',
    ...options,
  }
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
export function signingKey({ key, signature }: Pick<GitOptions, 'key' | 'signature'>): string {
  const program = { ssh: 'ssh-keygen', minisign: 'minisign' }[signature]
  if (findTool(program) === undefined) throw missingTool(program, 'sign releases')
  const wanted = key ?? usualKey(signature)
  if (signature === 'ssh' && (wanted.startsWith('key::') || wanted.startsWith('ssh-'))) return wanted
  const file = resolve(root, expand(wanted))
  if (existsSync(file)) return file
  const make = { ssh: 'ssh-keygen -t ed25519', minisign: 'minisign -G' }[signature]
  throw new UserError(`the key that signs releases is not there: ${file}`, {
    hint: `${make}   makes one; deploy.options.key names another one; "sign": false signs nothing`,
  })
}

function usualKey(signature: GitOptions['signature']): string {
  if (signature === 'minisign') return '~/.minisign/minisign.key'
  const configured = gitSetting('user.signingkey')
  return gitSetting('gpg.format') === 'ssh' && configured !== '' ? configured : '~/.ssh/id_ed25519'
}

function gitSetting(name: string): string {
  return shell.cmd('git', '-C', root, 'config', '--get', name).stdout.trim()
}
