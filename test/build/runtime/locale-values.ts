/**
 * Prints what Intl and everything that uses its data return for the locales on the command line: one line of JSON for
 * each function and locale. Run by the Node of the machine and by the original one, to compare the lines.
 */
import { createHash } from 'node:crypto'

type Values = () => unknown

interface Api {
  new (locale: string, options: object): { resolvedOptions(): object }
  supportedLocalesOf(locale: string): string[]
}

const dates = [0, Date.UTC(2026, 10, 28, 17, 5, 9, 123), Date.UTC(1999, 1, 3)]
const numbers = [0, 1, 2, 5, -1_234_567.891, 1e21, Number.NaN, 0.5]
const lengths = ['long', 'short', 'narrow'] as const
const styles = ['full', 'long', 'medium', 'short'] as const
const words = 'a A ä å z ö ø č c ch ll ñ n ß ss - 1 10 2 Ж я ё 가 나 あ ア 漢 一 阿 ا ب ก เ α Ω i İ ı'.split(
  ' ',
)
const text = 'Hello, Mr. Smith. It’s 3.5€! Was? Ναι; É l’homme. 👩‍👩‍👧 नमस्ते'
const numberOptions: Intl.NumberFormatOptions[] = [
  {},
  { style: 'percent' },
  { notation: 'compact', compactDisplay: 'long' },
  { notation: 'compact' },
  { notation: 'scientific' },
  { style: 'currency', currency: 'EUR', currencyDisplay: 'name' },
  { style: 'currency', currency: 'INR' },
  { style: 'currency', currency: 'USD', currencySign: 'accounting' },
]
const namedCodes = {
  region: ['DE', 'US', 'JP', '001', 'ZA'],
  language: ['de', 'en-GB', 'zh-Hant', 'sr-Latn', 'ja'],
  script: ['Latn', 'Cyrl', 'Hans'],
  currency: ['EUR', 'JPY', 'USD'],
  calendar: ['gregory', 'hebrew'],
  dateTimeField: ['era', 'day', 'weekOfYear'],
} as const
const zones = Intl.supportedValuesOf('timeZone')
const units = ['kilometer-per-hour', 'liter', 'day', 'megabyte', 'celsius', 'mile']

const apis = [
  ...[Intl.DateTimeFormat, Intl.NumberFormat, Intl.Collator, Intl.RelativeTimeFormat, Intl.DisplayNames],
  ...[Intl.Segmenter],
] as unknown as Api[]

function each<T, R>(list: readonly T[], call: (item: T) => R): R[] {
  return list.map((item) => call(item))
}

/** What belongs to one locale. */
function valuesOf(locale: string): Record<string, Values> {
  const date = (options: Intl.DateTimeFormatOptions): string[] =>
    each(dates, (time) => new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options }).format(time))
  return {
    supported: () =>
      each(apis, (Api) => [
        Api.supportedLocalesOf(locale),
        new Api(locale, { type: 'region' }).resolvedOptions(),
      ]),
    dates: () => each(styles, (dateStyle) => each(styles, (timeStyle) => date({ dateStyle, timeStyle }))),
    calendars: () =>
      each(Intl.supportedValuesOf('calendar'), (calendar) => date({ calendar, dateStyle: 'full' })),
    parts: () =>
      each(lengths, (length) =>
        date({ month: length, weekday: length, era: length, dayPeriod: length, hour: 'numeric' }),
      ),
    ranges: () => new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).formatRange(0, dates[1] ?? 0),
    zones: () =>
      each(['long', 'short', 'longGeneric', 'shortGeneric', 'longOffset'] as const, (timeZoneName) =>
        each(
          zones.filter((_, index) => index % 20 === 0),
          (timeZone) => date({ timeZone, timeZoneName }),
        ),
      ),
    numbers: () =>
      each(numberOptions, (options) => each(numbers, (value) => value.toLocaleString(locale, options))),
    currencies: () =>
      each(Intl.supportedValuesOf('currency'), (currency) =>
        (1.5).toLocaleString(locale, { style: 'currency', currency }),
      ),
    units: () =>
      each(units, (unit) =>
        each(lengths, (unitDisplay) => (2).toLocaleString(locale, { style: 'unit', unit, unitDisplay })),
      ),
    plurals: () =>
      each(['cardinal', 'ordinal'] as const, (type) =>
        each([...words.keys()], (count) => new Intl.PluralRules(locale, { type }).select(count)),
      ),
    relative: () =>
      each(['second', 'hour', 'day', 'week', 'month', 'year'] as const, (unit) =>
        each(lengths, (style) =>
          each([-2, -1, 0, 1, 5], (value) =>
            new Intl.RelativeTimeFormat(locale, { style, numeric: 'auto' }).format(value, unit),
          ),
        ),
      ),
    lists: () =>
      each(['conjunction', 'disjunction', 'unit'] as const, (type) =>
        each(lengths, (style) => new Intl.ListFormat(locale, { type, style }).format(['a', 'b', 'c'])),
      ),
    names: () =>
      each(Object.entries(namedCodes), ([type, codes]) =>
        each(lengths, (style) => {
          const names = new Intl.DisplayNames(locale, { type: type as keyof typeof namedCodes, style })
          return each(codes, (code) => names.of(code))
        }),
      ),
    order: () =>
      each([{}, { usage: 'search' }, { numeric: true }, { caseFirst: 'upper' }] as const, (options) =>
        [...words].sort((one, other) => one.localeCompare(other, locale, options)),
      ),
    collations: () =>
      each(['phonebk', 'trad', 'pinyin', 'stroke', 'zhuyin', 'emoji', 'eor', 'compat', 'dict'], (name) => {
        const collator = new Intl.Collator(`${locale}-u-co-${name}`)
        return [collator.resolvedOptions().collation, [...words].sort(collator.compare)]
      }),
    segments: () =>
      each(['grapheme', 'word', 'sentence'] as const, (granularity) =>
        Array.from(new Intl.Segmenter(locale, { granularity }).segment(text), ({ segment }) => segment),
      ),
    case: () =>
      each(['İIıi', 'ΑΣ', 'ǆ', 'ß'], (word) => [
        word.toLocaleUpperCase(locale),
        word.toLocaleLowerCase(locale),
      ]),
    locale: () => {
      const found = new Intl.Locale(locale)
      return [found.maximize().toString(), found.minimize().toString()]
    },
  }
}

/** What belongs to no locale. */
const always: Record<string, Values> = {
  normalize: () => {
    const all = Array.from({ length: 0x11_0000 }, (_, code) => code).filter(
      (code) => code < 0xd800 || code > 0xdfff,
    )
    const hash = createHash('sha256')
    for (let at = 0; at < all.length; at += 4096) {
      const piece = String.fromCodePoint(...all.slice(at, at + 4096))
      for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD']) hash.update(piece.normalize(form))
      hash.update(piece.toUpperCase()).update(piece.toLowerCase())
    }
    return hash.digest('hex')
  },
  properties: () =>
    ['Script=Greek', 'Emoji', 'ID_Start', 'Lu', 'Changes_When_NFKC_Casefolded', 'Script_Extensions=Deva'].map(
      (name) => {
        const matches = new RegExp(String.raw`\p{${name}}`, 'u')
        return Array.from({ length: 0x1_0000 }, (_, code) =>
          Number(matches.test(String.fromCharCode(code))),
        ).join('')
      },
    ),
  emoji: () => ['👩‍👩‍👧', 'a', '🇩🇪'].map((emoji) => /^\p{RGI_Emoji}$/v.test(emoji)),
  zones: () =>
    zones.map((timeZone) => dates.map((time) => new Date(time).toLocaleString('en', { timeZone }))),
  known: () =>
    (['calendar', 'currency', 'numberingSystem', 'timeZone', 'unit'] as const).map((key) =>
      Intl.supportedValuesOf(key),
    ),
  likely: () =>
    ['de', 'zh-TW', 'sr', 'und-JP', 'ja-Latn'].map((tag) => new Intl.Locale(tag).maximize().toString()),
  default: () => [
    new Date(0).toString(),
    new Intl.NumberFormat().resolvedOptions().locale,
    new Date(0).toLocaleString(),
  ],
  hosts: () => new URL('http://bücher.example').host,
}

for (const [label, values] of Object.entries({
  ...always,
  ...Object.fromEntries(
    process.argv
      .slice(2)
      .flatMap((locale) =>
        Object.entries(valuesOf(locale)).map(([name, values]) => [`${locale} ${name}`, values]),
      ),
  ),
})) {
  process.stdout.write(`${JSON.stringify([label, values()])}\n`)
}
