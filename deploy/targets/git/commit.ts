import { hostname, userInfo } from 'node:os'
import { manifestName, messageOf, releaseName } from '../../git/release.ts'
import type { ReleaseFile } from '../../git/schema.ts'
import type { Git } from '../../git/git.ts'
import { type GitOptions, gitSetting, signingKey } from './options.ts'

/** Paths in a release's commit, and their objects. */
export type Tree = Map<string, { mode: string; object: string }>

export interface Content {
  file: ReleaseFile
  /** Text of `manifest.json`. */
  manifest: string
  layers: Tree
  /** Commit of the previous release. */
  parent: string | undefined
}

/** Commits a release, signed as it is configured. */
export async function commitRelease(git: Git, content: Content, options: GitOptions): Promise<string> {
  const { file, manifest, layers, parent } = content
  const tree = new Map(layers)
  for (const [path, text] of [
    [releaseName, `${JSON.stringify(file, null, 2)}\n`],
    [manifestName, manifest],
  ] as const) {
    const object = await git.run(['hash-object', '-w', '--stdin'], {
      purpose: `store ${path}`,
      input: text,
    })
    tree.set(path, { mode: '100644', object })
  }
  const { sign } = options
  return git.run(
    [
      ...(sign ? ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${signingKey(options)}`] : []),
      'commit-tree',
      ...(sign ? ['-S'] : []),
      ...(parent === undefined ? [] : ['-p', parent]),
      ...['-F', '-'],
      await writeTree(git, tree),
    ],
    { purpose: 'commit the release', input: messageOf(file), env: author() },
  )
}

/** Writes a tree: git has one tree for each folder. */
async function writeTree(git: Git, tree: Tree): Promise<string> {
  const lines: string[] = []
  const folders = new Map<string, Tree>()
  for (const [path, entry] of tree) {
    const [folder = '', ...rest] = path.split('/')
    if (rest.length === 0) lines.push(`${entry.mode} blob ${entry.object}\t${path}`)
    else folders.set(folder, (folders.get(folder) ?? new Map()).set(rest.join('/'), entry))
  }
  for (const [folder, entries] of folders)
    lines.push(`040000 tree ${await writeTree(git, entries)}\t${folder}`)
  return git.run(['mktree', '--missing'], { purpose: 'store the release', input: `${lines.join('\n')}\n` })
}

/** Chooses the author: as git is configured, else the current user. */
function author(): NodeJS.ProcessEnv {
  const { username } = userInfo()
  const usual = { name: username, email: `${username}@${hostname()}` }
  const env: NodeJS.ProcessEnv = {}
  for (const [key, value] of Object.entries(usual)) {
    const configured = gitSetting(`user.${key}`)
    for (const role of ['AUTHOR', 'COMMITTER']) {
      const variable = `GIT_${role}_${key.toUpperCase()}`
      env[variable] = process.env[variable] ?? (configured || value)
    }
  }
  return env
}
