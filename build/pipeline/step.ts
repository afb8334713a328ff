import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Artefact, describeFile, type How, isCurrent, readRecord, writeRecord } from './record.ts'
import { type Cache, cacheKey, fetchEntry, storeEntry } from './cache.ts'
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
  /** Everything that determines the result's bytes. */
  inputs: Record<string, string>
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

async function runAlone(step: Step): Promise<Artefact[]> {
  const started = Date.now()
  const key = cacheKey(step.name, step.inputs)
  const record = join(step.dist, step.name)
  const finish = async (how: How, artefacts: Artefact[]): Promise<Artefact[]> => {
    await writeRecord(record, { key, artefacts, how, seconds: (Date.now() - started) / 1000 })
    return artefacts
  }
  const work = join(step.dist, `.unfinished-${step.name}`)
  await rm(work, { recursive: true, force: true, maxRetries: 5 })
  const current = await readRecord(record)
  if (current?.key === key && (await isCurrent(current))) {
    log.step(`${step.label} unchanged`)
    return finish('unchanged', current.artefacts)
  }
  const result = join(work, 'result')
  const interrupted = new AbortController()
  const interrupt = (): void =>
    interrupted.abort(new UserError(`${step.label}: interrupted; unfinished files were deleted`))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    await mkdir(dirname(result), { recursive: true })
    const how = await obtain(step, key, result, interrupted.signal)
    interrupted.signal.throwIfAborted()
    await rm(`${record}.json`, { force: true })
    const placed = Object.entries(await step.install(result))
    return await finish(
      how,
      await Promise.all(placed.map(([name, path]) => describeFile(name, path, step.inputs))),
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

async function obtain(step: Step, key: string, result: string, interrupted: AbortSignal): Promise<How> {
  if (step.cache !== undefined && (await fetchEntry(step.cache, key, result))) {
    log.step(`${step.label} from the cache`)
    return 'cached'
  }
  await mkdir(result)
  await step.make(result, interrupted)
  interrupted.throwIfAborted()
  if (step.cache !== undefined) await storeEntry(step.cache, key, result)
  return 'built'
}
