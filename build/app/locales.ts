import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Argument, parseSync, type Expression, Visitor } from 'oxc-parser'
import type { SystemConfig } from '../../config/system.types.ts'
import { sourceOf } from './compiled.ts'
import type { Own } from './own.ts'

/** Which argument of a method names locales. */
const methods: Record<string, number> = {
  localeCompare: 1,
  toLocaleString: 0,
  toLocaleDateString: 0,
  toLocaleTimeString: 0,
}
/** Constructors of Intl that work in all locales, or that read nothing. */
const always = new Set(['Locale', 'PluralRules'])
/** Encodings of TextDecoder that need the data of a language, by the beginnings of their names. */
const encodings: [name: RegExp, language: string][] = [
  [
    /^(shift[-_]jis|sjis|x-sjis|windows-31j|ms_kanji|ms932|csshiftjis|euc-jp|x-euc-jp|iso-2022-jp|cseuc|csiso2022jp)/,
    'ja',
  ],
  [/^(gb|x-gbk|chinese|csgb|iso-ir-58|big5|cn-big5|csbig5|x-x-big5)/, 'zh'],
  [/^(euc-kr|cseuckr|ks_?c|csksc|korean|iso-ir-149|windows-949)/, 'ko'],
]
const sourceFile = /(?<!\.d)\.[cm]?[jt]sx?$/
const hint = /Intl|toLocale|localeCompare|TextDecoder/

/**
 * Finds texts in the app's own files that name a language which the machine's Node does not have.
 *
 * @returns warnings, as sentences: the first place for each language
 */
export function missingLocales(own: Own, { runtime: { locales } }: Pick<SystemConfig, 'runtime'>): string[] {
  if (locales === 'all') return []
  const kept = new Set(['en', ...locales])
  const warnings = new Map<string, string>()
  for (const path of new Set([...own.tree.keys()].map(sourceOf))) {
    if (!isOwn(own, path)) continue
    const code = readFileSync(join(own.root, path), 'utf8')
    if (!hint.test(code)) continue
    for (const { text, language, start } of named(path, code)) {
      if (kept.has(language) || warnings.has(language)) continue
      const line = code.slice(0, start).split('\n').length
      const list = JSON.stringify([...new Set([...locales, language])])
      warnings.set(
        language,
        `${path}:${line} names '${text}', which the machine's Node lacks (set runtime.locales to ${list})`,
      )
    }
  }
  return [...warnings.values()]
}

function isOwn({ tree, traced }: Own, path: string): boolean {
  const isInstalled = path.split('/').includes('node_modules') || path.startsWith('.nodeos/')
  const isLink = tree.get(path)?.kind === 'link'
  return (
    sourceFile.test(path) &&
    !isInstalled &&
    !isLink &&
    !traced.some((folder) => path.startsWith(`${folder}/`))
  )
}

interface Named {
  text: string
  language: string
  start: number
}

function named(path: string, code: string): Named[] {
  const found: Named[] = []
  const add = (argument: Argument | undefined, languageOf: (text: string) => string | undefined): void => {
    for (const node of argument?.type === 'ArrayExpression' ? argument.elements : [argument]) {
      if (node?.type !== 'Literal' || typeof node.value !== 'string') continue
      const language = languageOf(node.value)
      if (language !== undefined) found.push({ text: node.value, language, start: node.start })
    }
  }
  const intl = (callee: Expression, parameters: Argument[]): void => {
    const name = propertyOf(callee, 'Intl')
    if (name !== undefined && /^[A-Z]/.test(name) && !always.has(name)) add(parameters[0], languageOf)
  }
  new Visitor({
    CallExpression({ callee, arguments: parameters }) {
      intl(callee, parameters)
      const position = methods[propertyOf(callee) ?? '']
      if (position !== undefined) add(parameters[position], languageOf)
    },
    NewExpression({ callee, arguments: parameters }) {
      intl(callee, parameters)
      if (callee.type === 'Identifier' && callee.name === 'TextDecoder')
        add(parameters[0], languageOfEncoding)
    },
  }).visit(parseSync(path, code, { sourceType: 'unambiguous' }).program)
  return found
}

/** Returns the name of a property that an expression reads, if it is one of `object`. */
function propertyOf(callee: Expression, object?: string): string | undefined {
  if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier')
    return undefined
  const isOf = callee.object.type === 'Identifier' && callee.object.name === object
  return object === undefined || isOf ? callee.property.name : undefined
}

function languageOf(text: string): string | undefined {
  try {
    const { language } = new Intl.Locale(text)
    return language === 'und' ? undefined : language
  } catch {
    // Not a locale: Intl throws at run time, too.
    return undefined
  }
}

function languageOfEncoding(text: string): string | undefined {
  return encodings.find(([name]) => name.test(text.toLowerCase()))?.[1]
}
