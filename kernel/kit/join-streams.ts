import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Joins two streams in both directions. If one side ends, the other ends after it has received everything. */
export function joinStreams(one: Duplex, other: Duplex, idleMs: number, onEnd: () => void): void {
  let open = 2
  const closed = (): void => {
    open -= 1
    if (open === 0) onEnd()
  }
  for (const stream of [one, other]) {
    if (stream.closed) closed()
    else stream.once('close', closed)
  }
  if (one instanceof Socket && other instanceof Socket && globalThis.nodeos?.relay(one, other, idleMs)) return
  pass(one, other, idleMs)
  pass(other, one, idleMs)
}

/** Does what `pipeline` of node:stream does, without creating an AbortController and its error for each connection. */
function pass(from: Duplex, to: Duplex, idleMs: number): void {
  const close = (): void => {
    if (!from.readableEnded || !from.writableFinished) to.destroy()
  }
  if ('setTimeout' in from) (from as Socket).setTimeout(idleMs, () => from.destroy())
  from.on('data', (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause()
  })
  from.on('drain', () => to.resume())
  from.on('end', () => to.end())
  from.on('error', () => from.destroy())
  if (from.closed) close()
  else from.on('close', close)
}
