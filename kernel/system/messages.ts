import type { Worker } from 'node:cluster'

/** A worker that is busy for longer counts as one that does not answer. */
const patienceMs = 2000

/**
 * Asks a worker for something, after all that it was told before.
 *
 * @param mark of the question and its answer; begins with NODE_, see `relayMark`
 * @returns undefined when it does not answer
 */
export function ask<T>(worker: Worker, mark: string): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<T | undefined>()
  const take = (message: { cmd?: string; answer?: T }): void => {
    if (message.cmd === mark) resolve(message.answer)
  }
  const away = (): void => resolve(undefined)
  const late = setTimeout(away, patienceMs)
  worker.process.on('internalMessage', take).once('disconnect', away)
  worker.process.send?.({ cmd: mark }, undefined, undefined, (error) => {
    if (error !== null) away()
  })
  return promise.finally(() => {
    clearTimeout(late)
    worker.process.off('internalMessage', take).off('disconnect', away)
  })
}

/** In a worker: answers the primary; with nothing where the answer fails, which may be the app's doing. */
export function answer(mark: string, give: () => unknown): void {
  process.on('internalMessage' as 'message', ({ cmd }: { cmd?: string }) => {
    if (cmd !== mark) return
    void Promise.resolve()
      .then(give)
      .catch(() => undefined)
      .then((answer) => say({ cmd: mark, answer }))
  })
}

/** A primary that has ended asks no more. */
function say(message: object): void {
  process.send?.(message, undefined, undefined, () => undefined)
}
