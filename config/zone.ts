import type { Check } from './facts.ts'
import { nearest, quote } from './explain.ts'

/** The time zone of the app, which Node and the C library must both find. */
export const zone: Check = {
  reads: ['/app/env'],
  run({ app }) {
    const { TZ: name } = app.env
    if (name === undefined || isZone(name)) return []
    const meant = nearest(name, names())
    const suggestion = meant === undefined ? '' : `; did you mean ${quote(meant)}?`
    return [
      {
        pointer: '/app/env/TZ',
        text: `must be the name of a time zone, such as "Europe/Berlin", got ${quote(name)}${suggestion}`,
      },
    ]
  },
}

function names(): string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')]
}

/** Intl takes offsets, and names in any case; the files of zones have one name. */
function isZone(name: string): boolean {
  if (!/^[A-Z]/.test(name)) return false
  const lower = name.toLowerCase()
  const known = names().find((known) => known.toLowerCase() === lower)
  if (known !== undefined) return known === name
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}
