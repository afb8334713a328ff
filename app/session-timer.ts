import type { ServerHttp2Session } from 'node:http2'

/** Lets go of a session when it has ended: Node's own timer, see `session.setTimeout`, keeps it until its time has come. */
export function endTimer(session: ServerHttp2Session): void {
  session.once('close', () => {
    const timer = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'timeout')
    if (timer !== undefined) clearTimeout(Reflect.get(session, timer) as NodeJS.Timeout)
  })
}
