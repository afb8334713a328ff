import { constants, existsSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs'

/**
 * The device of the virtio-serial port of a name, e.g. `/dev/vport1p1`; undefined when the machine has none.
 *
 * @param folder with the ports of the machine, `/sys/class/virtio-ports`
 */
export function findPort(name: string, folder: string): string | undefined {
  if (!existsSync(folder)) return undefined
  const port = readdirSync(folder).find(
    (port) => readFileSync(`${folder}/${port}/name`, 'utf8').trim() === name,
  )
  return port === undefined ? undefined : `/dev/${port}`
}

/** Events at the host's end of a port. */
export interface PortEvents {
  onData: (data: Buffer) => void
  /** The host is not connected. */
  onAway: () => void
}

/**
 * Interval at which the port is polled. A blocking read would occupy one of the four threads of the app's pool, and
 * poll(2) on a port without a host returns at once.
 */
const awayMs = 250
/** With a host: the first interval after data, which doubles up to the last. */
const firstMs = 10
const lastMs = 100
const retryMs = 5

/** A character device that carries bytes to the host and back. It does not keep the process alive. */
export class Port {
  readonly #fd: number
  readonly #events: PortEvents
  readonly #buffer = Buffer.alloc(16 * 1024)
  #nextMs = awayMs
  #written: Promise<void> = Promise.resolve()
  #away = false

  /** @throws if it cannot be opened because another process has it */
  constructor(device: string, events: PortEvents) {
    this.#fd = openSync(device, constants.O_RDWR | constants.O_NONBLOCK)
    this.#events = events
  }

  /** Polls the port from now on. */
  start(): void {
    this.#look()
  }

  /** Writes after earlier writes; resolves when the device has everything, or the host is away. */
  readonly write = (text: string): Promise<void> => {
    this.#written = this.#written.then(() => this.#writeAll(Buffer.from(text)))
    return this.#written
  }

  #look(): void {
    let came = false
    try {
      while (this.#read()) came = true
      this.#away = true
      this.#nextMs = awayMs
    } catch (error) {
      this.#away = code(error) !== 'EAGAIN'
      // Any other code means that it was unplugged.
      if (this.#away) return
      this.#nextMs = came ? firstMs : Math.min(this.#nextMs * 2, lastMs)
    }
    setTimeout(() => this.#look(), this.#nextMs).unref()
  }

  /** Reads available data; false if the host is away, EAGAIN without data. */
  #read(): boolean {
    const bytes = readSync(this.#fd, this.#buffer)
    if (bytes === 0) this.#events.onAway()
    else this.#events.onData(this.#buffer.subarray(0, bytes))
    return bytes > 0
  }

  /** A port without a host reports EAGAIN, like a full one. */
  async #writeAll(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#away;) {
      try {
        at += writeSync(this.#fd, bytes, at)
      } catch (error) {
        if (code(error) !== 'EAGAIN') return
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref())
      }
    }
  }
}

function code(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
