import { answer, ask } from '../ask.ts'
import type { Crew } from '../primary.ts'
import type { Metric } from './metric.ts'

const mark = 'NODE_OS_METRICS'

/** The metrics of every worker that answers: the others, and how the machine is, must be seen. */
export async function askWorkers(crew: Crew): Promise<Metric[][]> {
  const answers = crew.members().map(({ worker }) => ask<Metric[]>(crew.worker(worker), mark))
  return (await Promise.all(answers)).filter((metrics) => metrics !== undefined)
}

/** In a worker: answers the primary. */
export function answerPrimary(collect: () => Promise<Metric[]>): void {
  answer(mark, collect)
}
