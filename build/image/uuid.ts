/** A UUID of version 8 made of the first 128 bits of a hash in hex: the same content, the same UUID. */
export function uuidOf(sha256: string): string {
  const variant = ((Number.parseInt(sha256[16] ?? '0', 16) & 3) | 8).toString(16)
  const hex = `${sha256.slice(0, 12)}8${sha256.slice(13, 16)}${variant}${sha256.slice(17, 32)}`
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
