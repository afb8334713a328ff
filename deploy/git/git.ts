import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { missingProgram } from '../../config/lib/find.ts'
import { tail } from '../../config/lib/run.ts'
import { UserError } from '../../config/lib/errors.ts'

export interface GitOptions {
  /** Completes "could not". */
  purpose: string
  input?: string | Buffer
  /** How stdout is read; `latin1` keeps every byte. UTF-8 when left out. */
  encoding?: 'latin1'
  env?: NodeJS.ProcessEnv
  /** Hears what git says, as it says it. */
  heard?: (text: string) => void
}

export interface GitResult {
  status: number | null
  stdout: string
  stderr: string
}

/** Variables by which git tells a hook where it is: they must not lead a command elsewhere. */
const ofHooks = new Set(['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX'])

/** A git repository, through git itself. */
export class Git {
  readonly folder: string
  readonly #settings: readonly string[]
  readonly #env: NodeJS.ProcessEnv
  readonly #signal: AbortSignal | undefined

  /** Whether nothing is run any more. */
  get interrupted(): boolean {
    return this.#signal?.aborted === true
  }

  /**
   * @param settings of git's configuration that hold for every command: `name=value`
   * @param signal ends a command that runs, and lets none begin
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
   * Runs a command to its end.
   *
   * @returns what it printed on stdout, without the final newline
   * @throws {UserError} when git does not run, is interrupted or fails, with the end of what it said
   */
  async run(argv: readonly string[], options: GitOptions): Promise<string> {
    const { status, stdout, stderr } = await this.try(argv, options)
    if (status === 0) return stdout.replace(/\n$/, '')
    throw new UserError(`could not ${options.purpose}: git ${argv[0]} exited with status ${status}`, {
      hint: tail(stderr || stdout, 15),
    })
  }

  /** Runs a command that may fail. @throws {UserError} when git does not run, or is interrupted */
  async try(
    argv: readonly string[],
    { purpose, input, encoding, env, heard }: GitOptions,
  ): Promise<GitResult> {
    const child = this.#spawn(argv, env)
    const result: GitResult = { status: null, stdout: '', stderr: '' }
    child.stdout.setEncoding(encoding ?? 'utf8').on('data', (text: string) => (result.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      result.stderr += text
      heard?.(text)
    })
    child.stdin.on('error', () => undefined).end(input)
    await ended(child, purpose)
    result.status = child.exitCode
    return result
  }

  /** What an object holds, or undefined when there is none of that name: `<commit>:<path>`. */
  async read(object: string): Promise<string | undefined> {
    const { status, stdout } = await this.try(['cat-file', 'blob', object], { purpose: 'read a release' })
    return status === 0 ? stdout : undefined
  }

  /** What objects hold, in their order, read by one git; undefined for those that are not there. */
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

  /** Writes what an object holds to a file. @throws {UserError} when git cannot read it */
  async export(object: string, file: string): Promise<void> {
    await this.#pour(object, createWriteStream(file))
  }

  /** SHA-256 of what an object holds, in hex. @throws {UserError} when git cannot read it */
  async sha256(object: string): Promise<string> {
    const hash = createHash('sha256')
    await this.#pour(object, hash)
    return hash.digest('hex')
  }

  async #pour(object: string, into: NodeJS.WritableStream): Promise<void> {
    const child = this.#spawn(['cat-file', 'blob', object])
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.stdin.end()
    await Promise.all([ended(child, 'read a release'), pipeline(child.stdout, into)])
    if (child.exitCode !== 0)
      throw new UserError(`cannot read the git object ${object}`, { hint: tail(said, 5) })
  }

  /** The commit of a reference, when there is one. */
  async commitOf(reference: string): Promise<string | undefined> {
    const argv = ['rev-parse', '--verify', '--quiet', `${reference}^{commit}`]
    const { status, stdout } = await this.try(argv, { purpose: 'read a reference' })
    return status === 0 ? stdout.trim() : undefined
  }

  /** Whether one commit is another one or comes before it. */
  async isAncestor(earlier: string, later: string): Promise<boolean> {
    const argv = ['merge-base', '--is-ancestor', earlier, later]
    return (await this.try(argv, { purpose: 'compare commits' })).status === 0
  }

  #spawn(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !ofHooks.has(name))
    return spawn('git', ['-C', this.folder, ...this.#settings, ...argv], {
      env: { ...Object.fromEntries(inherited), LC_ALL: 'C', ...this.#env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    })
  }
}

/** @throws {UserError} when it could not be started, or was interrupted */
async function ended(child: ChildProcess, purpose: string): Promise<void> {
  await once(child, 'close').catch((error: NodeJS.ErrnoException) => {
    throw notRun(error, purpose)
  })
}

function notRun(error: NodeJS.ErrnoException, purpose: string): UserError {
  if (error.code === 'ENOENT') return missingProgram('git', purpose)
  const why = error.name === 'AbortError' ? 'interrupted' : error.message
  return new UserError(`could not ${purpose}: ${why}`, { cause: error })
}
