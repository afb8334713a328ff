/** Frames of HTTP/2 (RFC 9113), byte by byte: also those that no proper client would send. */

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const type = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, window: 8, continuation: 9 } as const
const flag = { endStream: 1, endHeaders: 4 } as const

function frame(kind: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(kind, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** HPACK: a request over https whose authority is x. */
function request(method: 'GET' | 'POST', path = '/'): Buffer {
  const [get, post, https] = [0x82, 0x83, 0x87]
  const [pathIs, authorityIs] = [0x04, 0x01]
  return Buffer.concat([
    Buffer.from([method === 'GET' ? get : post, https, authorityIs, 1]),
    Buffer.from('x'),
    Buffer.from([pathIs, path.length]),
    Buffer.from(path),
  ])
}

/** A header that a decoder is not to remember. */
const literal = Buffer.from('\0\u0003x-a\u0001b')

/** A header that a decoder has to remember: its first dynamic entry, of nearly all the room there is. */
const remembered = Buffer.concat([
  Buffer.from([0x40, 3]),
  Buffer.from('x-a'),
  Buffer.from([0x7f, 0xa1, 0x1e]),
])
const huge = Buffer.concat([remembered, Buffer.alloc(4000, 'b')])
const again = 0xbe

export const frames = {
  /** The preface of a client. */
  begin: (window?: number) => Buffer.concat([preface, settings(window)]),
  settings: () => settings(),
  ping: () => frame(type.ping, 0, 0, Buffer.alloc(8)),
  /** A whole request. */
  get: (stream: number, path?: string) =>
    frame(type.headers, flag.endHeaders | flag.endStream, stream, request('GET', path)),
  /** A request whose body is still to come. */
  post: (stream: number) => frame(type.headers, flag.endHeaders, stream, request('POST')),
  /** A request whose headers go on in continuations. */
  unended: (stream: number) => frame(type.headers, flag.endStream, stream, request('GET')),
  continuation: (stream: number) => frame(type.continuation, 0, stream, literal),
  /** A request of a few hundred bytes with megabytes of headers. */
  bomb: (stream: number) =>
    frame(
      type.headers,
      flag.endHeaders | flag.endStream,
      stream,
      Buffer.concat([request('GET'), huge, Buffer.alloc(2000, again)]),
    ),
  emptyData: (stream: number) => frame(type.data, 0, stream),
  reset: (stream: number) => frame(type.reset, 0, stream, uint32(8)),
  /** A mistake that the server has to answer with a reset. */
  noWindow: (stream: number) => frame(type.window, 0, stream, uint32(0)),
}

/** @param window bytes that the server may send on each stream */
function settings(window?: number): Buffer {
  const initialWindowSize = Buffer.from([0, 4])
  const payload = window === undefined ? Buffer.alloc(0) : Buffer.concat([initialWindowSize, uint32(window)])
  return frame(type.settings, 0, 0, payload)
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
