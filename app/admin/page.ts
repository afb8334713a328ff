import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The page for operators, and what a browser may do on it: run and style what stands in it, ask this machine. */
export function adminPage(): { html: string; policy: string } {
  const [html, css, js] = [read('page.html'), read('page.css'), read('page.js')]
  return {
    html: html
      .replace(/<style>[^]*<\/style>/, () => `<style>${css}</style>`)
      .replace(/<script>[^]*<\/script>/, () => `<script>${js}</script>`),
    policy: `default-src 'none'; script-src ${hash(js)}; style-src ${hash(css)}; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  }
}

function read(name: string): string {
  return readFileSync(join(import.meta.dirname, name), 'utf8')
}

/** A source that a content security policy allows by its content. */
function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
