import type { GuestConfig } from '../../config/guest.ts'
import { emit, uptime } from './event.ts'
import { type Answer, ask } from './probe.ts'

const firstRetryMs = 50
const lastRetryMs = 1000
/** An app without a port has begun its work by then. */
const unaskedMs = 1000

/**
 * Watches for the app's first good answer: `health.ok`, at the uptime at which it came, or `health.failed` when
 * it did not come in time. After that nothing is asked any more: who needs to know asks from outside.
 *
 * @param onSettled is called once: it answers, it did not in time, or nobody can be asked
 * @returns what to call with each place that the app listens at: a port, or the path of a Unix socket
 */
export function watchHealth(
  { health, ports }: Pick<GuestConfig, 'health' | 'ports'>,
  onSettled: () => void,
): (place: number | string) => void {
  const { path, timeout } = health
  const port = health.port ?? ports.find(({ protocol }) => protocol === 'tcp')?.guest
  // `performance` would load a part of Node for it: 15 million instructions of each boot.
  const deadline = uptime() + timeout
  const places = new Set<number | string>()
  const settle = once(onSettled)
  const absent = setTimeout(() => {
    settle()
    emit('health', 'health.failed', {
      path,
      port,
      reason: `nothing listens on port ${port}`,
      listening: [...places],
    })
  }, timeout * 1000).unref()
  if (port === undefined) {
    clearTimeout(absent)
    setTimeout(settle, unaskedMs).unref()
  }

  return (place) => {
    if (places.has(place)) return
    places.add(place)
    emit('app', 'app.listening', typeof place === 'number' ? { port: place } : { path: place })
    if (place !== port) return
    clearTimeout(absent)
    void askUntilGood({ path, port, deadline }).then(settle)
  }
}

async function askUntilGood({
  path,
  port,
  deadline,
}: {
  path: string
  port: number
  deadline: number
}): Promise<void> {
  let answer: Answer = 'none'
  let secure = false
  for (let attempt = 1, wait = firstRetryMs; ; attempt++, wait = Math.min(wait * 2, lastRetryMs)) {
    answer = await ask({ port, path, secure })
    if (answer === 200) return emit('health', 'health.ok', { path, port, attempts: attempt })
    if (uptime() > deadline) return emit('health', 'health.failed', { path, port, attempts: attempt, answer })
    // It may speak TLS.
    if (answer === 'not HTTP') secure = !secure
    await new Promise((resolve) => setTimeout(resolve, wait).unref())
  }
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}
