import type { Session } from 'node:inspector/promises'
import type { Send } from '../messages.ts'

const longestSeconds = 600
/** Sampling interval in microseconds. */
const sampleEvery = 1000

/**
 * Profiles the CPU for a while, in this process.
 *
 * @param seconds from 0.1 to 600
 * @param send gets a .cpuprofile
 */
export async function profileCpu(seconds: unknown, send: Send): Promise<void> {
  if (typeof seconds !== 'number' || !(seconds >= 0.1 && seconds <= longestSeconds)) {
    throw new Error(`seconds must be a number from 0.1 to ${longestSeconds}`)
  }
  const session = connectSession()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: sampleEvery })
    await session.post('Profiler.start')
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    const { profile } = await session.post('Profiler.stop')
    await send(Buffer.from(JSON.stringify(profile)))
  } finally {
    session.disconnect()
  }
}

/** Takes a snapshot of the heap of this process, which pauses meanwhile; `send` receives a .heapsnapshot. */
export function snapshotHeap(send: Send): Promise<void> {
  const snapshot = process.getBuiltinModule('node:v8').getHeapSnapshot()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let sent = Promise.resolve()
  // An async iteration would read it all at once and hold it twice.
  snapshot.on('data', (part: Buffer) => {
    snapshot.pause()
    sent = send(part)
    sent.then(() => snapshot.resume(), reject)
  })
  // The end comes with the last part, which may still be in flight.
  snapshot.on('end', () => void sent.then(resolve, reject)).on('error', reject)
  return promise.finally(() => snapshot.destroy())
}

/**
 * Connects to the inspector of this process, without a port.
 *
 * @throws if Node was built without it
 */
export function connectSession(): Session {
  const inspector = process.getBuiltinModule('node:inspector/promises') as
    | typeof import('node:inspector/promises')
    | undefined
  if (inspector === undefined) throw new Error('this Node was built without the inspector')
  const session = new inspector.Session()
  session.connect()
  return session
}
