import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../../config/lib/errors.ts'
import { root } from '../../../config/lib/paths.ts'
import { tail } from '../../../config/lib/run.ts'
import {
  type CommittedRelease,
  describeRelease,
  manifestName,
  manifestText,
  readRelease,
  readReleaseFiles,
  releasedLayers,
  releaseName,
  tagOf,
} from '../../git/release.ts'
import { Git } from '../../git/git.ts'
import type { ReleaseFile } from '../../git/schema.ts'
import { artefactPath } from '../../release/dist.ts'
import type { Context, Release } from '../../target.ts'
import { commitRelease, type Tree } from './commit.ts'
import type { GitOptions } from './options.ts'
import { type Pushed, pushRelease } from './push.ts'

const remoteName = 'origin'
/** Only layers are larger: they are not fetched. */
const smallFile = 'blob:limit=1m'

/** The branch of releases on a remote, and a local repository of it without the layers. */
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
  static async fetch(
    options: GitOptions,
    { state, env, signal }: Pick<Context, 'state' | 'env' | 'signal'>,
  ): Promise<Releases> {
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
      signal,
    )
    if (!existsSync(join(folder, 'HEAD')))
      await new Git(state).run(['init', '--quiet', '--bare', folder], { purpose: 'create a repository' })
    const known = await git.try(['config', '--get', `remote.${remoteName}.url`], {
      purpose: 'read a setting',
    })
    if (known.stdout.trim() !== options.remote) {
      if (known.status === 0) await rm(folder, { recursive: true })
      if (known.status === 0) return Releases.fetch(options, { state, env, signal })
      await git.run(['remote', 'add', remoteName, options.remote], { purpose: 'set the remote' })
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
      throw new UserError(`cannot reach the remote ${remote}`, { hint: tail(heads.stderr, 8) })
    }
    if (heads.stdout === '') {
      await this.#refuseOtherBranch()
      await this.git.try(['update-ref', '-d', this.#ref], { purpose: 'delete a branch' })
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

  /** A remote has one branch of releases, and their tags point to it. */
  async #refuseOtherBranch(): Promise<void> {
    const { remote, branch } = this.#options
    const tags = ['ls-remote', '--tags', remoteName, tagOf('*')]
    if ((await this.git.run(tags, { purpose: 'reach the remote' })) === '') return
    throw new UserError(`${remote} has releases, but none on the branch ${branch}`, {
      hint: 'set deploy.options.branch to the branch of the releases; a host set up by npm run host accepts main only',
    })
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
    const commits = lines.split('\n').map((line) => line.split(' '))
    const files = await readReleaseFiles(
      this.git,
      commits.map(([commit = '']) => commit),
    )
    return files.map((file, index) => {
      const [commit = '', added = ''] = commits[index] ?? []
      return { commit, added, file }
    })
  }

  async read(commit: string): Promise<CommittedRelease> {
    return readRelease(this.git, commit)
  }

  /**
   * Commits a build as the next release.
   *
   * @throws {UserError} when this clone lacks the source of the newest release
   */
  async commitBuilt(release: Release): Promise<{ commit: string; file: ReleaseFile }> {
    const { manifest } = release
    const releases = await this.list()
    await this.#requireSource(manifest.source.commit, releases)
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

  /**
   * Commits an older release as the next one, without fetching its layers.
   *
   * @param withData whether to restore its data, too
   */
  async commitAgain(commit: string, withData = false): Promise<{ commit: string; file: ReleaseFile }> {
    const { manifest, file: old } = await this.read(commit)
    const [newest] = await this.list()
    const rollbackOf = old.rollbackOf ?? old.number
    const file = describeRelease(manifest, {
      number: (newest?.file.number ?? 0) + 1,
      rollbackOf,
      ...(withData ? { restore: old.number } : {}),
    })
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
    const content = { file, manifest, layers, parent: await this.tip() }
    return { commit: await commitRelease(this.git, content, this.#options), file }
  }

  /** Rejects a clone that lacks the source of the newest release: deploying it would undo someone's work. */
  async #requireSource(own: string | undefined, releases: readonly { file: ReleaseFile }[]): Promise<void> {
    const built = releases.find(({ file }) => file.rollbackOf === undefined)?.file
    const theirs = built?.source.commit
    if (built === undefined || theirs === undefined) return
    if (own !== undefined && (await new Git(root).isAncestor(theirs, own))) return
    throw new UserError(
      `release ${built.number} was built from commit ${theirs.slice(0, 12)}, which this build does not include: deploying would undo it`,
      {
        hint: [
          'git pull && npm run build && npm run deploy   includes it',
          'npm run deploy:rollback   undoes it on purpose',
        ].join('\n'),
      },
    )
  }

  /** Pushes a release. @throws {UserError} when it is rejected */
  async push(release: { commit: string; file: ReleaseFile }): Promise<Pushed> {
    const pushed = await pushRelease(this.git, release, this.#options)
    await this.git.run(['update-ref', this.#ref, release.commit], { purpose: 'record the release' })
    return pushed
  }
}
