import type { Check } from './facts.ts'
import { child } from './pointer.ts'
import { quote } from './explain.ts'

/** The languages that the machine's Node keeps, each by its current code. */
export const locales: Check = {
  reads: ['/runtime/locales'],
  run({ runtime }) {
    if (runtime.locales === 'all' || !isKnown('de')) return []
    return runtime.locales.flatMap((language, index) => {
      const current = new Intl.Locale(language).language
      const pointer = child('/runtime/locales', index)
      if (!isKnown(current)) {
        return [
          { pointer, text: `must be a language that Node supports, such as "de", got ${quote(language)}` },
        ]
      }
      if (current === language) return []
      return [{ pointer, text: `must be ${quote(current)}, the current code of ${quote(language)}` }]
    })
  },
}

/** A Node that was built with few locales cannot tell; `de` is the first that it lacks. */
function isKnown(language: string): boolean {
  return Intl.DateTimeFormat.supportedLocalesOf(language).length > 0
}
