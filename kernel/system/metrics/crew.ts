import type { Worker } from 'node:cluster'
import type { Crew } from '../primary.ts'
import type { Metric } from './metric.ts'

/** Marks the question and its answers; see `relayMark`. */
export const metricsMark = 'NODE_OS_METRICS'

/** A worker that is busy for longer is left out of the answer: the others, and how the machine is, must be seen. */
const patienceMs = 2000

/** The metrics of every worker that answers. */
export async function askWorkers(crew: Crew): Promise<Metric[][]> {
  const answers = crew.members().map(({ worker }) => ask(crew.worker(worker)))
  return (await Promise.all(answers)).filter((metrics) => metrics !== undefined)
}

function ask(worker: Worker): Promise<Metric[] | undefined> {
  const { promise, resolve } = Promise.withResolvers<Metric[] | undefined>()
  const take = (message: { cmd?: string; metrics?: Metric[] }): void => {
    if (message.cmd === metricsMark) resolve(message.metrics)
  }
  const late = setTimeout(resolve, patienceMs, undefined)
  worker.process.on('internalMessage', take)
  worker.process.send?.({ cmd: metricsMark }, undefined, undefined, (error) => {
    if (error !== null) resolve(undefined)
  })
  return promise.finally(() => {
    clearTimeout(late)
    worker.process.off('internalMessage', take)
  })
}

/** In a worker: answers the primary. */
export function answerPrimary(collect: () => Promise<Metric[]>): void {
  process.on('internalMessage' as 'message', ({ cmd }: { cmd?: string }) => {
    if (cmd !== metricsMark) return
    // A primary that has ended asks no more.
    void collect().then((metrics) =>
      process.send?.({ cmd: metricsMark, metrics }, undefined, undefined, () => undefined),
    )
  })
}
