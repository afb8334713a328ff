import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'

/** What happens at the host's end of a port. */
export interface PortEvents {
  onData: (data: Buffer) => void
  /** The host is not there, or no longer. */
  onAway: () => void
}

/**
 * How often the port is looked at. There is no waiting for it: a read that blocks would take one of the four
 * threads of the app's pool for ever, and poll(2) on a port without a host returns at once.
 */
const idleMs = 500
const busyMs = 10
/** How long after the last byte the channel counts as busy. */
const busyForMs = 3000
const retryMs = 5

/** A character device that carries bytes to the host and back; it keeps no process alive. */
export class Port {
  private readonly fd: number
  private readonly events: PortEvents
  private readonly buffer = Buffer.alloc(16 * 1024)
  private lastData = 0
  private written: Promise<void> = Promise.resolve()

  /** @throws when it cannot be opened: another process has it */
  constructor(device: string, events: PortEvents) {
    this.fd = openSync(device, constants.O_RDWR | constants.O_NONBLOCK)
    this.events = events
  }

  /** Looks at the port from now on. */
  start(): void {
    this.look()
  }

  /** Writes after what was written before; resolves when the device has taken it all. */
  readonly write = (text: string): Promise<void> => {
    this.lastData = performance.now()
    this.written = this.written.then(() => writeAll(this.fd, Buffer.from(text)))
    return this.written
  }

  private look(): void {
    try {
      this.read()
    } catch (error) {
      // The device is gone: it was unplugged.
      if (code(error) !== 'EAGAIN') return closeSync(this.fd)
    }
    const busy = performance.now() - this.lastData < busyForMs
    setTimeout(() => this.look(), busy ? busyMs : idleMs).unref()
  }

  private read(): void {
    for (;;) {
      const bytes = readSync(this.fd, this.buffer)
      if (bytes === 0) return this.events.onAway()
      this.lastData = performance.now()
      this.events.onData(this.buffer.subarray(0, bytes))
    }
  }
}

async function writeAll(fd: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      if (code(error) !== 'EAGAIN') return
      await new Promise((resolve) => setTimeout(resolve, retryMs).unref())
    }
  }
}

function code(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
