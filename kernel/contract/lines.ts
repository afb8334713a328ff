/** Cuts a stream of bytes into lines, and holds no more than one line of a given length. */
export class Lines {
  private parts: Buffer[] = []
  private bytes = 0
  private tooLong = false
  private readonly longest: number
  private readonly onLine: (line: string) => void
  private readonly onTooLong: () => void

  /**
   * @param longest bytes of a line, its end left out
   * @param onTooLong is told at the end of each line that was longer, and dropped
   */
  constructor(longest: number, onLine: (line: string) => void, onTooLong: () => void = () => {}) {
    this.longest = longest
    this.onLine = onLine
    this.onTooLong = onTooLong
  }

  push(data: Buffer): void {
    let from = 0
    for (let end = data.indexOf('\n'); end >= 0; end = data.indexOf('\n', from)) {
      this.keep(data.subarray(from, end))
      this.finish()
      from = end + 1
    }
    this.keep(data.subarray(from))
  }

  /** Drops what came of a line that is not finished. */
  forget(): void {
    this.parts = []
    this.bytes = 0
    this.tooLong = false
  }

  private keep(part: Buffer): void {
    this.bytes += part.length
    this.tooLong ||= this.bytes > this.longest
    if (this.tooLong) this.parts = []
    // A copy: the caller reads the next bytes into the same buffer.
    else if (part.length > 0) this.parts.push(Buffer.from(part))
  }

  private finish(): void {
    const { parts, tooLong } = this
    this.forget()
    if (tooLong) this.onTooLong()
    else this.onLine(Buffer.concat(parts).toString('utf8'))
  }
}
