/** Why a request failed: codes are those of undici, of the system, or of HTTP/2. */
export interface Failure extends Error {
  code: string
  /** With which the backend has reset the stream. */
  rstCode?: number
}

export function failure(code: string, message = code, rstCode = 0): Failure {
  return Object.assign(new Error(message), { code, rstCode })
}

/** The backend has not seen the request. */
const unseen = new Set([
  ...['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT'],
  ...['UND_ERR_CONNECT_TIMEOUT', 'REFUSED_STREAM', 'NOT_SENT', 'ALPN'],
])
/** The connection ended without a response: perhaps it was idle, and closed just when a request was sent on it. */
const closed = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'REFUSED_STREAM', 'NOT_SENT'])
const late = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT'])

const reasons: Record<string, string> = {
  UND_ERR_CONNECT_TIMEOUT: 'no connection within timeouts.connect',
  UND_ERR_HEADERS_TIMEOUT: 'no response within timeouts.response',
  UND_ERR_BODY_TIMEOUT: 'no more of the response within timeouts.body',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the response are longer than limits.responseHeaderBytes',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the body is not as long as Content-Length declares',
  ERR_HTTP2_ERROR: 'the backend does not speak HTTP/2; check the protocol of its pool',
  UND_ERR_SOCKET: 'the connection was closed before the response was complete',
}

/** HTTP/2 names the reasons of a reset stream by number. */
const resets = [
  ...['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT'],
  ...['STREAM_CLOSED', 'FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR'],
  ...['CONNECT_ERROR', 'ENHANCE_YOUR_CALM', 'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED'],
]

function codeOf({ code, message }: NodeJS.ErrnoException): string {
  return code ?? message
}

export function isUnseen(error: Error): boolean {
  return unseen.has(codeOf(error))
}

export function isClosed(error: Error): boolean {
  return closed.has(codeOf(error))
}

export function isLate(error: Error): boolean {
  return late.has(codeOf(error))
}

/** What went wrong at a backend, for the log. */
export function reasonOf(error: Error): string {
  const code = codeOf(error)
  const { rstCode = 0 } = error as { rstCode?: number }
  if (rstCode > 0) return `${error.message} (${resets[rstCode] ?? rstCode})`
  const reason = reasons[code]
  if (reason !== undefined) return `${reason} (${code})`
  // What a server of HTTP/2 sends first is no response of HTTP/1.1.
  if (error.message.includes('Expected HTTP/'))
    return `${error.message}; if the backend speaks HTTP/2, the protocol of its pool must be h2c or h2`
  return code.startsWith('HPE_') || code === 'ALPN' || code === 'NOT_SENT' ? error.message : code
}
