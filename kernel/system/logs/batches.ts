import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** A line that is longer comes in parts. */
const longestLine = 32_768
/** Lines of about the same time go together. */
const pauseMs = 100

/** The lines that come out of a FIFO, several at a time; reads no more while nobody takes them. Keeps no process alive. */
export async function* batches(fifo: string): AsyncGenerator<string[]> {
  const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  const socket = new Socket({ fd, readable: true, writable: false })
  socket.setEncoding('utf8').unref()
  let rest = ''
  for await (const chunk of socket as AsyncIterable<string>) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    const whole = [...lines, ...(rest.length > longestLine ? [rest] : [])].filter((line) => line !== '')
    if (rest.length > longestLine) rest = ''
    if (whole.length > 0) yield whole
    await wait(pauseMs, undefined, { ref: false })
  }
}
