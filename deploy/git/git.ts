import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { UserError } from '../../config/lib/errors.ts'
import { type Argv, type Result, run, type StreamOptions, tail, tryRun } from '../../config/lib/run.ts'

export type GitOptions = Pick<StreamOptions, 'purpose' | 'input' | 'env' | 'encoding' | 'onStderr' | 'stdout'>

/** Variables by which git tells a hook where it is: they must not lead a command elsewhere. */
const hookVariables = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_PREFIX: undefined,
}

/** A git repository, through git itself. */
export class Git {
  readonly folder: string
  readonly #settings: readonly string[]
  readonly #env: NodeJS.ProcessEnv
  readonly #signal: AbortSignal | undefined

  /** Whether the signal was aborted: no command runs any more. */
  get interrupted(): boolean {
    return this.#signal?.aborted === true
  }

  /**
   * @param settings git's configuration for every command: `name=value`
   * @param signal ends a running command, and prevents further ones
   */
  constructor(
    folder: string,
    settings: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    signal?: AbortSignal,
  ) {
    this.folder = folder
    this.#settings = settings.flatMap((setting) => ['-c', setting])
    this.#env = env
    this.#signal = signal
  }

  /**
   * Runs a command.
   *
   * @returns its stdout, without the final newline
   * @throws {UserError} when git is missing, is interrupted or fails, with the end of its output
   */
  async run(argv: readonly string[], options: GitOptions): Promise<string> {
    return (await run(this.#command(argv), this.#options(options))).replace(/\n$/, '')
  }

  /** Runs a command that may fail. @throws {UserError} when git is missing or interrupted */
  async try(argv: readonly string[], options: GitOptions): Promise<Result> {
    return tryRun(this.#command(argv), this.#options(options))
  }

  /** Reads an object such as `<commit>:<path>`; returns undefined when it does not exist. */
  async read(object: string): Promise<string | undefined> {
    const { status, stdout } = await this.try(['cat-file', 'blob', object], { purpose: 'read a release' })
    return status === 0 ? stdout : undefined
  }

  /** Reads objects in their order with one git; returns undefined for those that do not exist. */
  async readAll(objects: readonly string[]): Promise<(string | undefined)[]> {
    if (objects.length === 0) return []
    const { status, stdout, stderr } = await this.try(['cat-file', '--batch'], {
      purpose: 'read releases',
      input: `${objects.join('\n')}\n`,
      encoding: 'latin1',
    })
    if (status !== 0) throw new UserError('cannot read the releases', { hint: tail(stderr, 5) })
    let at = 0
    return objects.map(() => {
      const end = stdout.indexOf('\n', at)
      const [, type, bytes] = / (\w+) (\d+)$/.exec(stdout.slice(at, end)) ?? []
      at = end + 1
      if (bytes === undefined) return undefined
      const content = stdout.slice(at, at + Number(bytes))
      at += Number(bytes) + 1
      return type === 'blob' ? Buffer.from(content, 'latin1').toString('utf8') : undefined
    })
  }

  /** Writes an object to a file. @throws {UserError} when git cannot read it */
  async export(object: string, file: string): Promise<void> {
    await this.#read(object, createWriteStream(file))
  }

  /** Computes the SHA-256 of an object, in hex. @throws {UserError} when git cannot read it */
  async sha256(object: string): Promise<string> {
    const hash = createHash('sha256')
    await this.#read(object, hash)
    return hash.digest('hex')
  }

  async #read(object: string, stdout: Writable): Promise<void> {
    const argv = ['cat-file', 'blob', object]
    const { status, stderr } = await this.try(argv, { purpose: 'read a release', stdout })
    if (status !== 0) throw new UserError(`cannot read the git object ${object}`, { hint: tail(stderr, 5) })
  }

  /** Returns the commit of a reference, or undefined when it does not exist. */
  async commitOf(reference: string): Promise<string | undefined> {
    const argv = ['rev-parse', '--verify', '--quiet', `${reference}^{commit}`]
    const { status, stdout } = await this.try(argv, { purpose: 'read a reference' })
    return status === 0 ? stdout.trim() : undefined
  }

  /** Returns whether a commit is another one or an ancestor of it. */
  async isAncestor(earlier: string, later: string): Promise<boolean> {
    const argv = ['merge-base', '--is-ancestor', earlier, later]
    return (await this.try(argv, { purpose: 'compare commits' })).status === 0
  }

  #command(argv: readonly string[]): Argv {
    return ['git', '-C', this.folder, ...this.#settings, ...argv]
  }

  #options(options: GitOptions): StreamOptions {
    return {
      ...options,
      env: { ...hookVariables, LC_ALL: 'C', ...this.#env, ...options.env },
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    }
  }
}
