import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { hashFile, hashText } from '../../config/lib/hash.ts'
import { runSync } from '../../config/lib/run.ts'
import { findSymbol, removePages } from './elf.ts'
import { filterIndex, readPackage, writePackage } from './icu.ts'

/** The exported symbol of ICU's data; its number is the version of ICU. */
const symbol = /^icudt\d+_dat$/
/** Node's own locale, and the one that it falls back to. */
const own = 'en'
const index = 'res_index.res'
/** The data of a locale is named `<language>[_<more>].res`; data of no locale has longer names. */
const localeName = /^(?<language>[a-z]{2,3})(_\w+)?\.res$/
/** Languages whose data continues that of another one. */
const parents: Record<string, string> = { ars: 'ar', nb: 'no', nn: 'no', yue: 'zh' }
/**
 * Data that no function of JavaScript reads: names of characters, transliteration, line breaks, spoof checks, old IDNA,
 * and encodings that `TextDecoder` does not have, or has without ICU.
 */
const unread = /^(unames\.icu|translit\/.*|brkitr\/(line.*|title)\.brk|confusables\.cfu|.*\.(spp|cnv))$/
/** What else belongs to languages: the dictionaries that find words where no spaces are, and encodings. */
const ofLanguages: Record<string, readonly string[]> = {
  'brkitr/burmesedict.dict': ['my'],
  'brkitr/cjdict.dict': ['ja', 'zh'],
  'brkitr/khmerdict.dict': ['km'],
  'brkitr/laodict.dict': ['lo'],
  'brkitr/thaidict.dict': ['th'],
  'euc-jp-2007.cnv': ['ja'],
  'gb18030-2022.cnv': ['zh'],
  'ibm-1373_P100-2002.cnv': ['zh'],
  'ibm-943_P15A-2003.cnv': ['ja'],
  'ibm-970_P110_P110-2006_U2.cnv': ['ko'],
  'windows-950-2000.cnv': ['zh'],
}

/** Returns ICU's data with only what belongs to these languages, or to none. */
export function keepLanguages(
  data: Buffer,
  languages: readonly string[],
): { data: Buffer; known: Set<string> } {
  const { header, prefix, items } = readPackage(data)
  const kept = new Set([own, ...languages].flatMap((name) => [name, parents[name] ?? name]))
  const chosen = items
    .filter(({ name }) => isKept(name, kept))
    .map(({ name, bytes }) => ({
      name,
      bytes: name.endsWith(index)
        ? filterIndex(bytes, (locale) => kept.has(locale.split('_')[0] ?? ''))
        : bytes,
    }))
  const known = new Set(items.flatMap(({ name }) => languageOf(name) ?? []))
  return { data: writePackage({ header, prefix, items: chosen }), known }
}

function languageOf(name: string): string | undefined {
  const file = name.slice(name.lastIndexOf('/') + 1)
  return file === index ? undefined : localeName.exec(file)?.groups?.['language']
}

function isKept(name: string, languages: Set<string>): boolean {
  const owners = ofLanguages[name]
  if (owners !== undefined) return owners.some((language) => languages.has(language))
  const language = languageOf(name)
  return !unread.test(name) && (language === undefined || languages.has(language))
}

/** Prints what Node makes of some values in each language that follows on the command line. */
const sample = `
  const date = new Date(0)
  const values = process.argv.slice(1).map((language) => [
    Intl.DateTimeFormat.supportedLocalesOf(language),
    date.toLocaleString(language, { dateStyle: 'full', timeStyle: 'full', timeZone: 'Asia/Tokyo' }),
    (-1234.5).toLocaleString(language, { style: 'currency', currency: 'EUR' }),
    new Intl.DisplayNames(language, { type: 'region' }).of('FR'),
    new Intl.PluralRules(language).select(2),
    new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(-1, 'day'),
    new Intl.ListFormat(language).format(['a', 'b']),
    ['b', 'a', 'ä'].sort(new Intl.Collator(language).compare),
  ])
  process.stdout.write(JSON.stringify([values, 'ﬁ'.normalize('NFKC'), Intl.supportedValuesOf('currency')]))`

/**
 * Removes the locale data of other languages from a Node binary. Everything else stays, at the same address.
 *
 * @param original the binary that `binary` is a copy of, to compare with
 * @throws {UserError} when the data is not in the known format, or the new binary works differently
 */
export async function dropLocales(
  binary: string,
  { languages, original }: { languages: readonly string[]; original: string },
): Promise<void> {
  await writeFile(binary, withLanguages(await readFile(binary), languages))
  const values = (node: string): string =>
    runSync([node, '-e', sample, own, ...languages], {
      purpose: 'format values with the remaining locales of Node',
      env: { NODE_OPTIONS: undefined, NODE_ICU_DATA: undefined },
    })
  if (values(binary) !== values(original)) throw refused('without the other locales it works differently')
}

/** Returns what determines the bytes of the binary, beside the original. */
export async function localeInputs(languages: readonly string[]): Promise<Record<string, string>> {
  const sources = ['elf.ts', 'icu.ts', 'locales.ts'].map((name) => hashFile(join(import.meta.dirname, name)))
  return {
    locales: [...languages].sort().join(),
    'locales by': hashText((await Promise.all(sources)).join()),
  }
}

/** Returns a Node binary with the locale data of these languages only. */
export function withLanguages(binary: Buffer, languages: readonly string[]): Buffer {
  try {
    const place = findSymbol(binary, symbol)
    if (place === undefined) throw new Error("it does not export ICU's data")
    const { offset, bytes } = place
    const { data, known } = keepLanguages(binary.subarray(offset, offset + bytes), languages)
    const index = languages.findIndex((language) => !known.has(language))
    if (index !== -1) {
      throw new UserError(`runtime.locales[${index}]: this Node has no locale data for "${languages[index]}"`)
    }
    const changed = Buffer.from(binary)
    changed.fill(0, offset, offset + bytes)
    data.copy(changed, offset)
    return removePages(changed, { offset: offset + data.length, bytes: bytes - data.length }).elf
  } catch (error) {
    if (error instanceof UserError) throw error
    throw refused(error instanceof RangeError ? 'it ends early' : (error as Error).message, error)
  }
}

function refused(reason: string, cause?: unknown): UserError {
  return new UserError(`runtime.locales: the build cannot remove locales from this Node: ${reason}`, {
    hint: 'set runtime.locales to "all" in config/system.json',
    cause,
  })
}
