import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer } from '#nodeos/api'

/** Content security policy: scripts, styles and requests of this server only. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

const types: Record<string, string> = { html: 'text/html', css: 'text/css', js: 'text/javascript' }

/** A part of the page for operators. */
export function pagePart(kind: string): Answer {
  const body = readFileSync(join(import.meta.dirname, `page.${kind}`), 'utf8')
  const headers = { 'content-type': `${types[kind]}; charset=utf-8`, 'content-security-policy': policy }
  return { status: 200, body, headers: { ...headers, 'referrer-policy': 'no-referrer' } }
}
