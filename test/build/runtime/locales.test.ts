import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findSymbol } from '../../../build/runtime/elf.ts'
import { dropLocales, withLanguages } from '../../../build/runtime/locales.ts'
import { npmNode } from '../../../build/runtime/node.ts'

const { binary: original } = await npmNode('x64')
const bytes = readFileSync(original)
const data = findSymbol(bytes, /^icudt\d+_dat$/)
if (data === undefined) throw new Error('Node exports no ICU data')

const folder = t.testdir()
const env = { PATH: process.env['PATH'], TZ: 'UTC' }
const output = (node: string, ...argv: string[]): string =>
  execFileSync(node, argv, { encoding: 'utf8', env, maxBuffer: 2 ** 30 })
/** Runs an expression, and returns its value, or the name of its error. */
const evaluate = (node: string, expression: string): unknown =>
  JSON.parse(
    output(
      node,
      '-p',
      `JSON.stringify((() => { try { return ${expression} } catch (e) { return e.name } })())`,
    ),
  )

/** An expression that decodes all pairs of bytes. */
const decode = (name: string): string =>
  `(() => { const decoder = new TextDecoder('${name}'); return Array.from({ length: 2 ** 16 }, (_, code) => decoder.decode(Uint8Array.of(code >> 8, code & 255, 32))).join() })()`

async function nodeWith(...languages: string[]): Promise<string> {
  const path = join(folder, `node-${languages.join('-')}`)
  copyFileSync(original, path)
  chmodSync(path, 0o755)
  await dropLocales(path, { languages, original })
  return path
}

const english = await nodeWith('en')
const several = await nodeWith('ars', 'ja', 'nb', 'sr', 'yue')

await t.test('what remains works as it did, for every function that reads locale data', (t) => {
  const values = join(import.meta.dirname, 'locale-values.ts')
  const englishes = evaluate(
    original,
    `['en', ...['001', 'AU', 'GB', 'IN', 'US-POSIX', 'ZA'].map((region) => 'en-' + region)]`,
  ) as string[]
  for (const [node, locales] of [
    [english, englishes],
    [
      several,
      ['ars', 'en-GB', 'ja', 'ja-JP', 'nb', 'nb-NO', 'sr', 'sr-Latn', 'sr-Cyrl-BA', 'yue', 'yue-Hans'],
    ],
  ] as const) {
    const lines = (of: string): string[] =>
      output(of, values, ...locales)
        .trim()
        .split('\n')
    const [expected, found] = [lines(original), lines(node)]
    t.ok(expected.length > 100, `${expected.length} comparisons`)
    for (const [index, line] of expected.entries()) {
      // Short messages: the values are long.
      if (found[index] !== line) t.equal(found[index]?.slice(0, 2000), line.slice(0, 2000))
    }
    t.equal(found.length, expected.length)
  }
  t.end()
})

await t.test('a language that was removed is reported as such, and falls back', (t) => {
  for (const api of ['DateTimeFormat', 'NumberFormat', 'Collator', 'ListFormat', 'DisplayNames']) {
    t.same(
      evaluate(english, `Intl.${api}.supportedLocalesOf(['de', 'en-GB', 'ja', 'zh-TW'])`),
      ['en-GB'],
      api,
    )
    t.same(evaluate(several, `Intl.${api}.supportedLocalesOf(['de', 'en-GB', 'ja', 'sr'])`), [
      'en-GB',
      'ja',
      'sr',
    ])
  }
  // Plural rules are one small table.
  t.same(evaluate(english, `Intl.PluralRules.supportedLocalesOf(['de', 'ja'])`), ['de', 'ja'])
  for (const [expression, value] of [
    [`(1234.5).toLocaleString('de')`, '1,234.5'],
    [`new Intl.NumberFormat('de').resolvedOptions().locale`, 'en-US'],
    [`new Date(0).toLocaleDateString('de')`, '1/1/1970'],
    [`['z', 'ä', 'a'].toSorted(new Intl.Collator('sv').compare)`, ['a', 'ä', 'z']],
    [`'i'.toLocaleUpperCase('tr')`, 'İ'],
  ] as const) {
    t.same(evaluate(english, expression), value, expression)
  }
  t.end()
})

await t.test('dictionaries and encodings go with their languages', (t) => {
  const word = `[...new Intl.Segmenter('ja', { granularity: 'word' }).segment('吾輩は猫である')].map((one) => one.segment)`
  t.same(evaluate(original, word), ['吾輩', 'は', '猫', 'で', 'ある'])
  t.same(evaluate(several, word), evaluate(original, word))
  t.same(evaluate(english, word), ['吾輩は猫である'])
  for (const encoding of [
    'utf-16be',
    'windows-1252',
    'koi8-r',
    'iso-8859-15',
    'macintosh',
    'ibm866',
    'windows-874',
  ]) {
    t.equal(evaluate(english, decode(encoding)), evaluate(original, decode(encoding)), encoding)
  }
  for (const encoding of ['shift_jis', 'euc-jp', 'iso-2022-jp']) {
    t.equal(evaluate(several, decode(encoding)), evaluate(original, decode(encoding)), encoding)
    t.equal(evaluate(english, decode(encoding)), 'RangeError', encoding)
  }
  for (const encoding of ['gbk', 'gb18030', 'big5']) {
    t.equal(evaluate(several, decode(encoding)), evaluate(original, decode(encoding)), encoding)
  }
  t.equal(evaluate(several, decode('euc-kr')), 'RangeError')
  t.end()
})

interface Segment {
  address: number
  offset: number
  content: Buffer
}

/** Reads what is loaded into memory, as binutils see it. */
function segments(file: string): Segment[] {
  const content = readFileSync(file)
  return output('readelf', '-lW', file)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([type]) => type === 'LOAD')
    .map(([, from, address, , bytes]) => {
      const offset = Number(from)
      return { address: Number(address), offset, content: content.subarray(offset, offset + Number(bytes)) }
    })
}

await t.test('everything else is the same, at the same address', (t) => {
  t.ok(bytes.equals(readFileSync(original)), 'the original is untouched')
  const [before, after] = [segments(original), segments(english)]
  t.equal(after.length, before.length + 1)
  const page = 4096
  const counts = { same: 0, changed: 0, gone: 0 }
  for (const { address, offset, content } of before) {
    for (let at = 0; at < content.length; at += page) {
      const place = address + at
      const within = after.find((one) => one.address <= place && place < one.address + one.content.length)
      const now = within?.content.subarray(place - within.address, place - within.address + page)
      const isData = offset + at + page > data.offset && offset + at < data.offset + data.bytes
      // The program headers are in the first page.
      const isHeader = offset + at === 0
      if (now?.equals(content.subarray(at, at + page)) === true) counts.same++
      else if (now === undefined && isData) counts.gone++
      else if (now !== undefined && (isData || isHeader)) counts.changed++
      else t.fail(`the page at ${place.toString(16)} differs`)
    }
  }
  t.ok(counts.gone * page > 25_000_000, `${counts.gone} pages are gone`)
  t.ok(
    counts.same > 15_000 && counts.changed < 1500,
    `${counts.same} are the same, ${counts.changed} changed`,
  )
  t.end()
})

function refusal(reason: string) {
  return {
    name: 'UserError',
    message: `runtime.locales: the build cannot remove locales from this Node: ${reason}`,
    hint: 'set runtime.locales to "all" in config/system.json',
  }
}

await t.test('data of another format is refused, and nothing is written', async (t) => {
  const { offset } = data
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(bytes)
    copy.writeUInt8(value, offset + at)
    return copy
  }
  const format = 'it is not a common data file, version 1, little-endian'
  t.throws(() => withLanguages(changed(2, 0), ['en']), refusal(format), 'no magic number')
  t.throws(() => withLanguages(changed(8, 1), ['en']), refusal(format), 'big-endian')
  t.throws(() => withLanguages(changed(12, 0), ['en']), refusal(format), 'another kind')
  t.throws(() => withLanguages(changed(16, 2), ['en']), refusal(format), 'another version')
  t.throws(() => withLanguages(bytes.subarray(0, offset + 100_000), ['en']), refusal('it ends early'))
  t.throws(() => withLanguages(Buffer.from('#!/bin/sh\n'), ['en']), refusal('it ends early'))
  t.throws(() => withLanguages(changed(data.bytes >> 1, 0).fill(255, offset + 200, offset + 300), ['en']), {
    message: /^runtime\.locales: the build cannot remove locales from this Node: /,
  })
  t.throws(() => withLanguages(bytes, ['en', 'xx']), {
    message: 'runtime.locales[1]: this Node has no locale data for "xx"',
  })
  t.end()
})

await t.test('a binary that works differently is refused', async (t) => {
  const path = join(folder, 'damaged')
  const copy = Buffer.from(bytes)
  // One text of the language: the data is intact, and its values differ.
  const at = copy.indexOf(Buffer.from('Frankreich', 'utf16le'), data.offset)
  t.ok(at > 0)
  copy.write('F', at + 2, 'utf16le')
  writeFileSync(path, copy, { mode: 0o755 })
  await t.rejects(dropLocales(path, { languages: ['de'], original }), {
    message: /without the other locales it works differently$/,
  })
})
