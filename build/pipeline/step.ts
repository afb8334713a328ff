import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Artefact, describeFile, type How, isCurrent, readRecord, writeRecord } from './record.ts'
import { type Cache, fetchOther, fetchOwn, hasEntry, storeEntry } from './cache.ts'
import { cacheKey, type Inputs } from './key.ts'
import { UserError } from '../../config/lib/errors.ts'
import { withLock } from '../../config/lib/lock.ts'
import { log } from '../../config/lib/log.ts'

/** One step of the build: its inputs, how to make its result, and where to put it. */
export interface Step {
  /** Begins a message, e.g. `Runtime layer`. */
  label: string
  /** Names the step in cache keys and in its record, e.g. `runtime`. */
  name: string
  /** Folder of the record and of unfinished work, e.g. `dist`. */
  dist: string
  /** Everything that determines the result's bytes; a function if finding it needs a download or a compiler. */
  inputs: Inputs | (() => Promise<Inputs>)
  /** Inputs of results that other stores may have, and that serve as well: the first that is found is taken. */
  pinned?: Inputs[]
  /** Stores of results; left out if making a result is faster than fetching it. */
  cache?: Cache
  /** Writes the result's files into an empty folder; other files belong beside it. */
  make(into: string, interrupted: AbortSignal): Promise<void>
  /** Moves the finished files to their place; returns each artefact's name and path. */
  install(from: string): Promise<Record<string, string>>
}

/**
 * Runs a step: does nothing when its inputs and its result are unchanged, else takes the result from the cache,
 * else makes it. The result appears complete or not at all. Of two builds at once, the second waits for the first.
 */
export async function runStep(step: Step): Promise<Artefact[]> {
  const waiting = (): void => log.info(`${step.label}: waiting for another build in ${step.dist}`)
  return withLock(join(step.dist, `.unfinished-${step.name}.lock`), { waiting }, async () => runAlone(step))
}

/** Returns whether a step's result is there or a store offers it, so that nothing needs to be made. */
export async function isAtHand(step: Step): Promise<boolean> {
  const keys = candidates(step).map((inputs) => cacheKey(step.name, inputs))
  const current = await readRecord(join(step.dist, step.name))
  if (current !== undefined && keys.includes(current.key) && (await isCurrent(current))) return true
  for (const key of keys) if (step.cache !== undefined && (await hasEntry(step.cache, key))) return true
  return false
}

/** Lists the inputs whose results are looked for before anything is made. */
function candidates({ pinned = [], inputs }: Step): Inputs[] {
  return [...pinned, ...(typeof inputs === 'function' ? [] : [inputs])]
}

async function runAlone(step: Step): Promise<Artefact[]> {
  const started = Date.now()
  const record = join(step.dist, step.name)
  const finish = async (inputs: Inputs, how: How, artefacts: Artefact[]): Promise<Artefact[]> => {
    const key = cacheKey(step.name, inputs)
    await writeRecord(record, { key, artefacts, how, seconds: (Date.now() - started) / 1000 })
    return artefacts
  }
  const work = join(step.dist, `.unfinished-${step.name}`)
  await rm(work, { recursive: true, force: true, maxRetries: 5 })
  const current = await readRecord(record)
  const same = candidates(step).find((inputs) => cacheKey(step.name, inputs) === current?.key)
  if (current !== undefined && same !== undefined && (await isCurrent(current))) {
    log.step(`${step.label} unchanged`)
    return finish(same, 'unchanged', current.artefacts)
  }
  const result = join(work, 'result')
  const interrupted = new AbortController()
  const interrupt = (): void =>
    interrupted.abort(new UserError(`${step.label}: interrupted; unfinished files were deleted`))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    await mkdir(dirname(result), { recursive: true })
    const { inputs, how } = await obtain(step, result, interrupted.signal)
    interrupted.signal.throwIfAborted()
    await rm(`${record}.json`, { force: true })
    const placed = Object.entries(await step.install(result))
    return await finish(
      inputs,
      how,
      await Promise.all(placed.map(([name, path]) => describeFile(name, path, inputs))),
    )
  } catch (error) {
    // The same signal ended a program that runSync waited for; Node handles it only now.
    await wait(10)
    interrupted.signal.throwIfAborted()
    throw error
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    await rm(work, { recursive: true, force: true, maxRetries: 5 })
  }
}

interface Obtained {
  inputs: Inputs
  how: How
}

async function obtain(step: Step, result: string, interrupted: AbortSignal): Promise<Obtained> {
  const found = await find(step, candidates(step), result, interrupted)
  if (found !== undefined) return found
  let { inputs } = step
  if (typeof inputs === 'function') {
    inputs = await inputs()
    const late = await find(step, [inputs], result, interrupted)
    if (late !== undefined) return late
  }
  interrupted.throwIfAborted()
  await mkdir(result)
  await step.make(result, interrupted)
  interrupted.throwIfAborted()
  if (step.cache !== undefined) await storeEntry(step.cache, cacheKey(step.name, inputs), result)
  return { inputs, how: 'built' }
}

/** Takes the first result that our own store has, else the first that another has. */
async function find(
  step: Step,
  wanted: Inputs[],
  result: string,
  interrupted: AbortSignal,
): Promise<Obtained | undefined> {
  if (step.cache === undefined) return undefined
  for (const inputs of wanted) {
    if (!(await fetchOwn(step.cache, cacheKey(step.name, inputs), result))) continue
    log.step(`${step.label} from the cache`)
    return { inputs, how: 'cached' }
  }
  for (const inputs of wanted) {
    const store = await fetchOther(step.cache, cacheKey(step.name, inputs), result, interrupted)
    if (store === undefined) continue
    log.step(`${step.label} from ${store}`)
    return { inputs, how: 'fetched' }
  }
  return undefined
}
