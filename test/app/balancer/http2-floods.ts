import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { frames } from '../../lib/http2-frames.ts'

/** Attacks on a server of HTTP/2 by one connection, each without an end: a part of it is sent again and again. */
export const floods: readonly [name: string, part: (stream: number) => Buffer][] = [
  ['streams that are reset at once (CVE-2023-44487)', (id) => both(frames.get(id), frames.reset(id))],
  ['streams that the server has to reset (CVE-2025-8671)', (id) => both(frames.get(id), frames.noWindow(id))],
  [
    'headers that go on and on (CVE-2024-27983)',
    (id) => (id === 1 ? frames.unended(1) : frames.continuation(1)),
  ],
  ['settings (CVE-2019-9515)', () => frames.settings()],
  ['pings (CVE-2019-9512)', () => frames.ping()],
  ['empty parts of a body (CVE-2019-9518)', (id) => (id === 1 ? frames.post(1) : frames.emptyData(1))],
  ['small headers that become large (CVE-2016-6581)', (id) => frames.bomb(id)],
]

function both(one: Buffer, other: Buffer): Buffer {
  return Buffer.concat([one, other])
}

/** A connection on which HTTP/2 can be spoken. */
export async function connectRaw(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

const parts = 100
const mostBytes = 2 ** 20

/**
 * Floods a server as fast as it takes it, until it ends the connection, takes no more, or has had enough of it.
 *
 * @param reads whether the client takes what the server says
 */
export async function flood(port: number, part: (stream: number) => Buffer, reads: boolean): Promise<void> {
  const socket = await connectRaw(port)
  if (reads) socket.resume()
  socket.write(frames.begin())
  for (let sent = 0; socket.writable && socket.bytesWritten < mostBytes; sent += parts) {
    const some = Array.from({ length: parts }, (_, index) => part((sent + index) * 2 + 1))
    if (!socket.write(Buffer.concat(some)) && !(await drains(socket))) break
  }
  socket.destroy()
}

/** Whether the server takes what was sent, within a time that it needs under emulation. */
async function drains(socket: TLSSocket): Promise<boolean> {
  const done = new AbortController()
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(3000)])
  const drained = once(socket, 'drain', { signal }).then(
    () => true,
    () => false,
  )
  const closed = once(socket, 'close', { signal }).then(
    () => false,
    () => false,
  )
  const drainedFirst = await Promise.race([drained, closed])
  done.abort()
  return drainedFirst
}
