import { cp, mkdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { makeAtomic } from '../config/lib/atomic.ts'
import { UsageError, UserError } from '../config/lib/errors.ts'
import { log } from '../config/lib/log.ts'
import { main } from '../config/lib/main.ts'
import { dist, root } from '../config/lib/paths.ts'
import { table } from '../config/lib/table.ts'
import { formatBytes } from '../config/lib/units.ts'
import { hostFacts } from './host/facts.ts'
import { sourcesIn } from './kernel.ts'
import { findTarball } from './kernel/source.ts'
import { type Cache, cacheFrom } from './pipeline/cache.ts'
import { cacheKey, splitTools } from './pipeline/key.ts'
import { type EntryPin, readPin, readPins, writePin } from './pipeline/pins.ts'
import { type Artefact, isCurrent, readRecord } from './pipeline/record.ts'
import { fetchPinned, parseStores } from './pipeline/stores.ts'

/** The steps whose results need compilers, and the commands that make them. */
const commands = { kernel: 'npm run build:kernel', programs: 'npm run build:runtime' } as const
type Kind = keyof typeof commands

/** The kernel's source in a store, beside its entry: whoever passes binaries on must offer it (GPL-2.0). */
const sourceName = 'source.tar.xz'

export interface StoreOptions {
  /** Folder with the results of a build. */
  dist: string
  cache: Required<Pick<Cache, 'own' | 'pins'>>
}

/** An entry, and how it compares with its pin. */
export interface Entry {
  kind: Kind
  key: string
  bytes: number
  pin: 'same' | 'different' | 'missing' | 'written'
}

/** A result of the last build. */
interface Built {
  entry: Entry
  artefacts: Artefact[]
}

export interface AddOptions extends StoreOptions {
  /** Folder of the store. */
  store: string
  /** Whether to pin, in the repository, what is not pinned. */
  pin: boolean
  /** Whether to add the source of the kernel. */
  source: boolean
}

/**
 * Copies the results of the last build into a store.
 *
 * @throws {UserError} when bytes differ from their pin
 */
export async function addEntries({ store, pin, source, ...options }: AddOptions): Promise<Entry[]> {
  const entries = []
  for (const { entry, artefacts } of await builtEntries(options)) {
    const { key, kind } = entry
    if (entry.pin === 'different') throw differs(entry, options)
    if (entry.pin === 'missing' && pin) {
      await writePin(options.cache.pins, key, await pinOf(kind, artefacts, options))
      entry.pin = 'written'
    }
    await makeAtomic(join(store, key), async (unfinished) => {
      await mkdir(unfinished)
      for (const { path } of artefacts) await cp(path, join(unfinished, basename(path)))
      if (source && kind === 'kernel')
        await cp(await tarballOf(artefacts, options), join(unfinished, sourceName))
    })
    entries.push(entry)
  }
  return entries
}

/** Compares the results of the last build with their pins. */
export async function verifyBuild(options: StoreOptions): Promise<Entry[]> {
  return (await builtEntries(options)).map(({ entry }) => entry)
}

/** Fetches every pinned entry from a store, and compares it with its pin. */
export async function verifyStore(store: string, { dist, cache }: StoreOptions): Promise<Entry[]> {
  const entries: Entry[] = []
  const into = join(dist, '.unfinished-verify')
  for (const kind of Object.keys(commands) as Kind[]) {
    for (const [key, { files }] of await readPins(cache.pins, kind)) {
      const found = await fetchPinned({ others: [store], pins: cache.pins }, key, into)
      await rm(into, { recursive: true, force: true })
      const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0)
      entries.push({ kind, key, bytes, pin: found === undefined ? 'different' : 'same' })
    }
  }
  return entries
}

async function builtEntries({ dist, cache }: StoreOptions): Promise<Built[]> {
  const all: Built[] = []
  for (const kind of Object.keys(commands) as Kind[]) {
    const record = await readRecord(join(dist, kind))
    const artefacts = record?.artefacts ?? []
    if (record === undefined || artefacts[0] === undefined || !(await isCurrent(record))) {
      throw new UserError(`${kind} is missing or incomplete in ${dist}`, { hint: commands[kind] })
    }
    const key = cacheKey(kind, splitTools(artefacts[0].inputs).sources)
    const pin = await readPin(cache.pins, key)
    const state = pin === undefined ? 'missing' : isSame(pin, artefacts) ? 'same' : 'different'
    const bytes = artefacts.reduce((sum, artefact) => sum + artefact.bytes, 0)
    all.push({ entry: { kind, key, bytes, pin: state }, artefacts })
  }
  return all
}

function isSame({ files }: EntryPin, artefacts: Artefact[]): boolean {
  return (
    Object.keys(files).length === artefacts.length &&
    artefacts.every(({ path, sha256 }) => files[basename(path)]?.sha256 === sha256)
  )
}

function differs({ key, kind }: Entry, { cache }: StoreOptions): UserError {
  return new UserError(`${key} in dist/ has other bytes than its pin`, {
    hint: `${join(cache.pins, `${key}.json`)} names the tools that made it; ${commands[kind]} made this one with others.\nto pin these bytes instead, delete that file and repeat with --pin`,
  })
}

async function pinOf(kind: Kind, artefacts: Artefact[], options: StoreOptions): Promise<EntryPin> {
  const { sources, tools } = splitTools(artefacts[0]?.inputs ?? {})
  const files = artefacts.map(({ path, bytes, sha256 }) => [basename(path), { bytes, sha256 }])
  const { name: distribution } = hostFacts(process.env).distribution
  const recorded = kind === 'kernel' ? await toolsInConfig(artefacts) : {}
  return {
    inputs: sources,
    files: Object.fromEntries(files) as EntryPin['files'],
    made: { command: commands[kind], distribution, tools: { ...tools, ...recorded } },
    ...(kind === 'kernel' ? { source: await describeSource(artefacts, options) } : {}),
  }
}

/** Kconfig notes the exact compiler and the version of the linker, e.g. 24000 for 2.40. */
async function toolsInConfig(artefacts: Artefact[]): Promise<Record<string, string>> {
  const config = artefacts.find(({ path }) => basename(path) === 'config')
  const text = config === undefined ? '' : await readFile(config.path, 'utf8')
  const [, compiler] = /^CONFIG_CC_VERSION_TEXT="(.*)"$/m.exec(text) ?? []
  const [, linker] = /^CONFIG_LD_VERSION=(.*)$/m.exec(text) ?? []
  return { ...(compiler === undefined ? {} : { compiler }), ...(linker === undefined ? {} : { linker }) }
}

async function describeSource(
  artefacts: Artefact[],
  options: StoreOptions,
): Promise<NonNullable<EntryPin['source']>> {
  const [name = '', sha256 = ''] = (artefacts[0]?.inputs['source'] ?? '').split(' sha256:')
  const version = artefacts.find(({ path }) => basename(path) === 'version')
  if (version === undefined) throw new Error('the kernel has no file named version')
  const { size } = await stat(await tarballOf(artefacts, options))
  return { name, version: (await readFile(version.path, 'utf8')).trim(), bytes: size, sha256 }
}

/** Finds the tarball that a kernel was made from. @throws {UserError} when it is gone, or was a folder */
async function tarballOf(artefacts: Artefact[], { cache }: StoreOptions): Promise<string> {
  const identity = artefacts[0]?.inputs['source'] ?? ''
  const [, sha256] = identity.split(' sha256:')
  const path = sha256 === undefined ? undefined : await findTarball(sourcesIn(cache), sha256)
  if (path !== undefined) return path
  throw new UserError(`the source of this kernel is not in ${sourcesIn(cache)}: ${identity}`, {
    hint: 'a pin names the exact source: build the kernel from the source of the distribution, or from a tarball',
  })
}

const states = { same: 'pinned', different: 'DIFFERS', missing: 'not pinned', written: 'pinned now' }

function report(entries: readonly Entry[]): string {
  const rows = entries.map(({ key, bytes, pin }) => [key, formatBytes(bytes), states[pin]])
  return table(['entry', 'size', 'pin'], rows, [1])
}

await main(
  import.meta,
  {
    usage: 'npm run store --',
    summary: `Shares compiled results, so that other checkouts need not compile them.
  add DIR         copies the kernel and the C programs of dist/ to a folder that NODEOS_CACHE can name
  verify          compares those of dist/ with their pins in build/pins
  verify STORE    fetches everything that is pinned from a folder or an https: URL, and compares it`,
    words: ['add|verify', '[store]'],
    options: {
      pin: { type: 'boolean' },
      source: { type: 'boolean' },
      json: { type: 'boolean' },
    },
    help: {
      pin: 'add: also write the pins that are missing, for you to commit',
      source: 'add: also copy the source of the kernel, which you must offer if you publish the store',
      json: 'print the entries as JSON',
    },
    example: 'npm run store -- add /srv/nodeos-store --pin',
  },
  async ({ values, positionals: [verb, store] }) => {
    const options = { dist, cache: { ...cacheFrom(process.env), pins: join(root, 'build/pins') } }
    const entries = await run(verb, store, options, values)
    process.stdout.write(
      values.json === true ? `${JSON.stringify(entries, null, 2)}\n` : `\n${report(entries)}\n`,
    )
    if (entries.some(({ pin }) => pin === 'written'))
      log.step('commit build/pins: other checkouts take only what it names')
    if (verb === 'add' && entries.some(({ pin }) => pin === 'missing'))
      log.step(`npm run store -- add ${store} --pin   pins it, so that other checkouts take it`)
    if (verb === 'verify' && entries.some(({ pin }) => pin !== 'same')) process.exitCode = 1
  },
)

async function run(
  verb: string | undefined,
  store: string | undefined,
  options: StoreOptions,
  { pin = false, source = false }: { pin?: boolean; source?: boolean },
): Promise<Entry[]> {
  if (verb === 'add') {
    if (store === undefined)
      throw new UsageError('add needs a folder', { hint: 'npm run store -- add /srv/nodeos-store' })
    return addEntries({ ...options, store: resolve(store), pin, source })
  }
  if (verb !== 'verify') throw new UsageError(`'${verb}' is not a command`, { hint: 'allowed: add, verify' })
  if (store === undefined) return verifyBuild(options)
  const [parsed = ''] = parseStores(/^\w+:/.test(store) ? store : resolve(store))
  return verifyStore(parsed, options)
}
