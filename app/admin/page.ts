import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The page for operators, and what a browser may do on it: run and style what stands in it, ask this machine. */
export function adminPage(): { body: string; headers: Record<string, string> } {
  const [html, css, js] = [read('page.html'), read('page.css'), read('page.js')]
  const policy = `default-src 'none'; script-src ${source(js)}; style-src ${source(css)}; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`
  return {
    body: html
      .replace(/<style>[^]*<\/style>/, () => `<style>${css}</style>`)
      .replace(/<script>[^]*<\/script>/, () => `<script>${js}</script>`),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
    },
  }
}

function read(name: string): string {
  return readFileSync(join(import.meta.dirname, name), 'utf8')
}

/** One that a content security policy allows by its content. */
function source(text: string): string {
  return `'sha256-${hash('sha256', text, 'base64')}'`
}
