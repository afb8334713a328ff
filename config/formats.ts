import { isIPv4 } from 'node:net'
import { fullFormats } from 'ajv-formats/dist/formats.js'

/** Formats of strings in schemas: those of ajv-formats, and `cidr`, an IPv4 address with a prefix length. */
export const formats = { ...fullFormats, cidr: isCidr }

function isCidr(text: string): boolean {
  const [address = '', prefix = '', ...more] = text.split('/')
  return more.length === 0 && isIPv4(address) && /^(3[0-2]|[12]?\d)$/.test(prefix)
}
