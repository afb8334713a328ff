import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The page for operators, and what a browser may do on it: run and style what stands in it, ask this machine. */
export interface Page {
  html: string
  policy: string
}

let page: Page | undefined

/** Puts the page together from its parts, once. */
export function adminPage(): Page {
  page ??= compose()
  return page
}

function compose(): Page {
  const [html, css, js] = ['page.html', 'page.css', 'page.js'].map((name) =>
    readFileSync(join(import.meta.dirname, name), 'utf8'),
  ) as [string, string, string]
  return {
    html: html
      .replace(/<style>[^]*<\/style>/, () => `<style>${css}</style>`)
      .replace(/<script>[^]*<\/script>/, () => `<script>${js}</script>`),
    policy: `default-src 'none'; script-src ${hash(js)}; style-src ${hash(css)}; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  }
}

/** A source that a content security policy allows by its content. */
function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
