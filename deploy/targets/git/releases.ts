import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import shell from 'shelljs'
import { log, progress } from '../../../build/lib/log.ts'
import { UserError } from '../../../build/lib/errors.ts'
import { root } from '../../../build/lib/paths.ts'
import { tail } from '../../../build/lib/tool.ts'
import {
  type CommittedRelease,
  describeRelease,
  manifestName,
  manifestText,
  messageOf,
  readRelease,
  readReleaseFile,
  releasedLayers,
  type ReleaseFile,
  releaseName,
  tagOf,
} from '../../git/release.ts'
import { Git } from '../../git/run.ts'
import { artefactPath } from '../../release.ts'
import type { Context, Release } from '../../target.ts'
import { type GitOptions, signingKey } from './options.ts'

/** Where a path lies in a release's commit. */
type Tree = Map<string, { mode: string; object: string }>

const remoteName = 'origin'
/** What is larger is fetched from nowhere: only layers are. */
const smallFile = 'blob:limit=1m'

/** The branch of releases on a remote, and a repository here that knows it without its layers. */
export class Releases {
  readonly git: Git
  readonly #options: GitOptions

  private constructor(git: Git, options: GitOptions) {
    this.git = git
    this.#options = options
  }

  /**
   * Fetches what is new on the remote.
   *
   * @param state folder for the repository
   */
  static async fetch(options: GitOptions, { state, env }: Pick<Context, 'state' | 'env'>): Promise<Releases> {
    const folder = join(state, 'releases.git')
    await mkdir(state, { recursive: true })
    const git = new Git(
      folder,
      [
        // Layers are packed already.
        'core.compression=1',
        'core.bigFileThreshold=64k',
        'gc.auto=0',
        'protocol.version=2',
      ],
      env,
    )
    if (!existsSync(join(folder, 'HEAD')))
      await new Git(state).run(['init', '--quiet', '--bare', folder], { purpose: 'make a repository' })
    const known = await git.try(['config', '--get', `remote.${remoteName}.url`], {
      purpose: 'read a setting',
    })
    if (known.stdout.trim() !== options.remote) {
      if (known.status === 0) await rm(folder, { recursive: true })
      if (known.status === 0) return Releases.fetch(options, { state, env })
      await git.run(['remote', 'add', remoteName, options.remote], { purpose: 'name the remote' })
    }
    const releases = new Releases(git, options)
    await releases.#fetch()
    return releases
  }

  async #fetch(): Promise<void> {
    const { remote, branch } = this.#options
    const heads = await this.git.try(['ls-remote', '--heads', remoteName, branch], {
      purpose: 'reach the remote',
    })
    if (heads.status !== 0) {
      throw new UserError(`the remote ${remote} does not answer`, { hint: tail(heads.stderr, 8) })
    }
    if (heads.stdout === '') {
      await this.git.try(['update-ref', '-d', this.#ref], { purpose: 'forget a branch' })
      return
    }
    await this.git.run(
      [
        'fetch',
        '--quiet',
        '--no-tags',
        `--filter=${smallFile}`,
        remoteName,
        `+refs/heads/${branch}:${this.#ref}`,
      ],
      { purpose: `fetch the releases of ${remote}` },
    )
  }

  get #ref(): string {
    return `refs/remotes/${remoteName}/${this.#options.branch}`
  }

  /** Commit of the newest release. */
  async tip(): Promise<string | undefined> {
    return this.git.commitOf(this.#ref)
  }

  /** All releases, the newest first. */
  async list(): Promise<{ commit: string; added: string; file: ReleaseFile }[]> {
    const tip = await this.tip()
    if (tip === undefined) return []
    const lines = await this.git.run(['log', '--first-parent', '--format=%H %cI', tip], {
      purpose: 'list the releases',
    })
    return Promise.all(
      lines.split('\n').map(async (line) => {
        const [commit = '', added = ''] = line.split(' ')
        return { commit, added, file: await readReleaseFile(this.git, commit) }
      }),
    )
  }

  async read(commit: string): Promise<CommittedRelease> {
    return readRelease(this.git, commit)
  }

  /**
   * Commits a build as the next release.
   *
   * @throws {UserError} when the newest release was built from something that this clone has not
   */
  async commitBuilt(release: Release): Promise<{ commit: string; file: ReleaseFile }> {
    const { manifest } = release
    const releases = await this.list()
    await this.#refuseStale(manifest.source.commit, releases)
    const file = describeRelease(manifest, { number: (releases[0]?.file.number ?? 0) + 1 })
    const tree: Tree = new Map()
    for (const { name, path } of releasedLayers(manifest)) {
      const argv = ['hash-object', '-w', '--no-filters', artefactPath(release, name)]
      tree.set(path, {
        mode: '100644',
        object: await this.git.run(argv, { purpose: `store the layer ${name}` }),
      })
    }
    return this.#commit(file, manifestText(manifest), tree)
  }

  /** Commits an older release as the next one: nothing of it has to be here. */
  async commitAgain(commit: string): Promise<{ commit: string; file: ReleaseFile }> {
    const { manifest, file: old } = await this.read(commit)
    const [newest] = await this.list()
    const rollbackOf = old.rollbackOf ?? old.number
    const file = describeRelease(manifest, { number: (newest?.file.number ?? 0) + 1, rollbackOf })
    const tree: Tree = new Map()
    const listed = await this.git.run(['ls-tree', '-r', commit], { purpose: 'read a release' })
    for (const line of listed.split('\n')) {
      const [, mode = '', object = '', path = ''] = /^(\d+) blob ([0-9a-f]+)\t(.*)$/.exec(line) ?? []
      if (path !== releaseName && path !== manifestName) tree.set(path, { mode, object })
    }
    return this.#commit(file, manifestText(manifest), tree)
  }

  async #commit(
    file: ReleaseFile,
    manifest: string,
    layers: Tree,
  ): Promise<{ commit: string; file: ReleaseFile }> {
    const tree = new Map(layers)
    for (const [path, text] of [
      [releaseName, `${JSON.stringify(file, null, 2)}\n`],
      [manifestName, manifest],
    ] as const) {
      const object = await this.git.run(['hash-object', '-w', '--stdin'], {
        purpose: `store ${path}`,
        input: text,
      })
      tree.set(path, { mode: '100644', object })
    }
    const parent = await this.tip()
    const commit = await this.git.run(
      [
        ...this.#signature(),
        'commit-tree',
        ...(this.#options.sign ? ['-S'] : []),
        ...(parent === undefined ? [] : ['-p', parent]),
        ...['-F', '-'],
        await this.#writeTree(tree),
      ],
      { purpose: 'commit the release', input: messageOf(file), env: author() },
    )
    return { commit, file }
  }

  #signature(): string[] {
    if (!this.#options.sign) return []
    return ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${signingKey(this.#options)}`]
  }

  /** Trees hold one folder each. */
  async #writeTree(tree: Tree): Promise<string> {
    const lines: string[] = []
    const folders = new Map<string, Tree>()
    for (const [path, entry] of tree) {
      const [folder = '', ...rest] = path.split('/')
      if (rest.length === 0) lines.push(`${entry.mode} blob ${entry.object}\t${path}`)
      else folders.set(folder, (folders.get(folder) ?? new Map()).set(rest.join('/'), entry))
    }
    for (const [folder, entries] of folders)
      lines.push(`040000 tree ${await this.#writeTree(entries)}\t${folder}`)
    return this.git.run(['mktree', '--missing'], {
      purpose: 'store the release',
      input: `${lines.join('\n')}\n`,
    })
  }

  /** A clone that has not what the newest release was built from would undo somebody's work. */
  async #refuseStale(own: string | undefined, releases: readonly { file: ReleaseFile }[]): Promise<void> {
    const built = releases.find(({ file }) => file.rollbackOf === undefined)?.file
    const theirs = built?.source.commit
    if (built === undefined || theirs === undefined) return
    if (own !== undefined && (await new Git(root).isAncestor(theirs, own))) return
    throw new UserError(
      `release ${built.number} was built from ${theirs.slice(0, 12)}, which this build does not have: it would be undone`,
      {
        hint: [
          'git pull && npm run build && npm run deploy   puts this clone on top of it',
          'npm run deploy:rollback   goes back on purpose',
        ].join('\n'),
      },
    )
  }

  /**
   * Pushes a release, with its tag. What the host says while it takes it is printed.
   *
   * @throws {UserError} when it is refused
   */
  async push({
    commit,
    file,
  }: {
    commit: string
    file: ReleaseFile
  }): Promise<{ bytes: number; said: string }> {
    const { remote, branch } = this.#options
    const line = progress(`Pushing release ${file.number} to ${remote}`)
    let said = ''
    let pending = ''
    const heard = (text: string): void => {
      said += text
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
      remoteName,
      `${commit}:refs/heads/${branch}`,
      `${commit}:refs/tags/${tagOf(file.number)}`,
    ]
    const { status } = await this.git.try(argv, { purpose: 'push the release', heard })
    if (status !== 0) throw refusal(file, remote, said)
    if (/^remote: error: /m.test(said)) {
      throw new UserError(`release ${file.number} is on ${remote}, and its host could not run it`, {
        hint: tail(remoteLines(said).join('\n'), 40),
      })
    }
    await this.git.run(['update-ref', this.#ref, commit], { purpose: 'note the release' })
    const bytes = sentBytes(said)
    line.done(bytes === undefined ? 'pushed' : `${(bytes / 1000).toFixed(1)} kB`)
    return { bytes: bytes ?? 0, said }
  }
}

/** Who commits: as git is configured, else who runs this. */
function author(): NodeJS.ProcessEnv {
  const { username } = userInfo()
  const usual = { name: username, email: `${username}@${hostname()}` }
  const env: NodeJS.ProcessEnv = {}
  for (const [key, value] of Object.entries(usual)) {
    const configured = shell.cmd('git', '-C', root, 'config', '--get', `user.${key}`).stdout.trim()
    for (const role of ['AUTHOR', 'COMMITTER']) {
      const variable = `GIT_${role}_${key.toUpperCase()}`
      env[variable] = process.env[variable] ?? (configured || value)
    }
  }
  return env
}

/** "Writing objects: 100% (5/5), 8.32 KiB | 8.32 MiB/s, done." */
function sentBytes(said: string): number | undefined {
  const [, number, unit = 'bytes'] =
    /Writing objects: 100% .*?, ([\d.]+) (bytes|KiB|MiB|GiB)/.exec(said) ?? []
  const factor = { bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }[unit] ?? 1
  return number === undefined ? undefined : Math.round(Number(number) * factor)
}

/** What hooks of the remote said. */
function remoteLines(said: string): string[] {
  return said
    .split(/[\r\n]/)
    .flatMap((line) => /^remote: (.*?)\s*$/.exec(line)?.[1] ?? [])
    .filter((line) => line !== '')
}

function refusal({ number }: ReleaseFile, remote: string, said: string): UserError {
  const remotely = remoteLines(said)
  if (
    /\[(remote )?rejected\].*(fetch first|non-fast-forward|stale info|cannot lock ref|failed to update ref|already exists)/.test(
      said,
    )
  ) {
    return new UserError(`somebody else has deployed to ${remote} in the meantime`, {
      hint: 'npm run deploy:list   shows what; npm run deploy   deploys on top of it',
    })
  }
  return new UserError(`release ${number} was not taken: the one before goes on`, {
    hint: remotely.length === 0 ? tail(said, 15) : tail(remotely.join('\n'), 40),
  })
}
