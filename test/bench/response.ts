/** Recognises the end of each answer of a kept connection; cheap, for it runs beside the machine that is measured. */
export class ResponseReader {
  #head = ''
  /** Bytes of the body that are to come; -1 while the headers are. */
  #missing = -1

  /** Takes what has come; true when with it an answer is whole. @throws at an answer that is not 200 */
  take(chunk: Buffer): boolean {
    if (this.#missing >= 0) return this.#count(chunk.length)
    this.#head += chunk.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return false
    const headers = this.#head.slice(0, end)
    if (!headers.startsWith('HTTP/1.1 200 '))
      throw new Error(`expected a 200 response, got ${headers.split('\r\n')[0]}`)
    const length = /^content-length: *(\d+)/im.exec(headers)?.[1]
    if (length === undefined) throw new Error(`response without content-length:\n${headers}`)
    const body = this.#head.length - end - 4
    this.#head = ''
    this.#missing = Number(length)
    return this.#count(body)
  }

  #count(bytes: number): boolean {
    this.#missing -= bytes
    if (this.#missing > 0) return false
    if (this.#missing < 0) throw new Error('the proxy sent more bytes than one response')
    this.#missing = -1
    return true
  }
}
