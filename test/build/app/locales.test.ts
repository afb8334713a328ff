import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { planApp } from '../../../build/app/stage.ts'
import type { SystemConfig } from '../../../config/system.types.ts'
import { configWith } from '../../lib/config.ts'

const modules = join(import.meta.dirname, '../../../node_modules')

type Locales = SystemConfig['runtime']['locales']

function warning(place: string, text: string, list: string): string {
  return `app/${place} names '${text}', which the machine's Node lacks (set runtime.locales to ${list})`
}

await t.test('languages that the app names and the machine lacks', (t) => {
  const warnings = (files: Record<string, string>, locales: Locales = ['en']): string[] => {
    const [entry = ''] = Object.keys(files)
    const config = configWith({
      hostname: 'test',
      app: { entry: `app/${entry}` },
      network: { mode: 'none' },
      health: { path: '/' },
      runtime: { locales },
    })
    const root = t.testdir({ 'package.json': '{ "type": "module" }', app: files, node_modules: {} })
    for (const name of ['@typescript', '@types', 'undici-types'])
      symlinkSync(join(modules, name), join(root, 'node_modules', name))
    return planApp({ root, config, node: process.execPath }).warnings
  }
  const german = ['["en","de"]'] as const

  for (const code of [
    `new Date().toLocaleString('de-DE')`,
    `new Date().toLocaleDateString('de-DE', { dateStyle: 'full' })`,
    `a.toLocaleTimeString("de-DE")`,
    `(1).toLocaleString(['de-DE', 'en'])`,
    `a?.localeCompare(b, 'de-DE')`,
    `new Intl.NumberFormat('de-DE')`,
    `Intl.DateTimeFormat('de-DE').format()`,
    `export const f = () => { if (x) new Intl.Collator(['de-DE']) }`,
  ]) {
    t.same(warnings({ 'index.js': `\n${code}` }), [warning('index.js:2', 'de-DE', ...german)], code)
  }
  const typed = `interface A {\n  a: string\n}\nexport const f = (n: number): string => n.toLocaleString('de-DE')`
  t.same(warnings({ 'index.ts': typed }), [warning('index.ts:4', 'de-DE', ...german)])
  const compiled = `enum A {\n  A,\n}\nexport const f = (n: A): string => n.toLocaleString('de-DE')`
  t.same(warnings({ 'index.ts': compiled }), [warning('index.ts:4', 'de-DE', ...german)])
  t.same(
    warnings(
      {
        'index.js': `import './b.js'\nn.toLocaleString('fr')`,
        'b.js': `n.toLocaleString('fr-CH', n.toLocaleString('ja'))`,
      },
      ['en', 'de'],
    ).sort(),
    [warning('b.js:1', 'fr-CH', '["en","de","fr"]'), warning('b.js:1', 'ja', '["en","de","ja"]')],
    'each language once',
  )
  for (const [name, language] of [
    ['Shift_JIS', 'ja'],
    ['gb2312', 'zh'],
    ['big5', 'zh'],
    ['euc-kr', 'ko'],
  ] as const) {
    const list = JSON.stringify(['en', language])
    const code = `new TextDecoder('${name}')`
    t.same(warnings({ 'index.js': code }), [warning('index.js:1', name, list)], code)
    t.same(warnings({ 'index.js': code }, ['en', language]), [], `${code} with ${language}`)
  }

  for (const code of [
    `n.toLocaleString('en-GB')`,
    `n.toLocaleString()`,
    `n.toLocaleString(locale)`,
    `n.toLocaleString('not a locale')`,
    `a.localeCompare('de')`,
    `'i'.toLocaleUpperCase('tr')`,
    `new Intl.PluralRules('de')`,
    `new Intl.Locale('de')`,
    `Intl.getCanonicalLocales('de')`,
    `new TextDecoder('windows-1252')`,
    `// new Intl.NumberFormat('de')`,
  ]) {
    t.same(warnings({ 'index.js': code }), [], code)
  }
  t.same(warnings({ 'index.js': `n.toLocaleString('de')` }, 'all'), [])
  t.end()
})
