import { parseSync } from 'oxc-parser'
import { existsSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { readManifest } from './closure.ts'

/** How Node runs a file: as an ES module, as CommonJS, or as its syntax suggests. */
export type Format = 'module' | 'commonjs' | 'either'

/** An import, require or file URL with a literal text. */
export interface Import {
  specifier: string
  kind: 'import' | 'require' | 'url'
  /** Whether it runs whenever the file is loaded: it is not in a function, a condition or a `try`. */
  certain: boolean
  /** The names that it imports. */
  names: string[]
  /** Line of the file, from 1. */
  line: number
  /** Position of the literal, with its quotes. */
  start: number
  end: number
}

/** The facts about a file of JavaScript or TypeScript that packing needs. */
export interface Source {
  /** Whether it has `import`, `export`, `import.meta` or a top-level `await`. */
  isModule: boolean
  imports: Import[]
  /** Names that it exports; undefined when it exports everything of another file. */
  exports: Set<string> | undefined
  /** Line of the first use of `exports`, `module.exports` or `require` that an ES module does not have. */
  commonJs: number | undefined
  /** The first syntax error. */
  error: { line: number; message: string } | undefined
}

interface Node {
  type: string
  start: number
  end: number
  [key: string]: unknown
}

/** Parses a file. Builds the syntax tree only for files that need it. */
export function readSource(path: string, code: string, format: Format): Source {
  const parsed = parse(path, code, format)
  const { module, errors } = parsed
  const lineOf = lines(code)
  const [error] = errors
  const entries = module.staticExports.flatMap((one) => one.entries).filter(({ isType }) => !isType)
  const requests = [
    ...module.staticImports
      .filter(({ entries }) => !isOnlyTypes(entries))
      .map(({ moduleRequest, entries }) => ({
        ...moduleRequest,
        names: entries.flatMap(({ importName, isType }) => (isType ? [] : (importName.name ?? []))),
      })),
    ...entries.flatMap(({ moduleRequest, importName }) =>
      moduleRequest === null ? [] : [{ ...moduleRequest, names: [importName.name ?? []].flat() }],
    ),
  ]
  const source: Source = {
    isModule: module.hasModuleSyntax,
    imports: requests.map(({ value, start, end, names }) => ({
      specifier: value,
      kind: 'import',
      certain: true,
      names,
      line: lineOf(start),
      start,
      end,
    })),
    exports: entries.some(
      ({ moduleRequest, exportName }) => moduleRequest !== null && exportName.name === null,
    )
      ? undefined
      : new Set(entries.map(({ exportName }) => exportName.name ?? 'default')),
    commonJs: undefined,
    error: error && { line: lineOf(error.labels[0]?.start ?? 0), message: error.message },
  }
  const needsTree = module.dynamicImports.length > 0 || /\b(require|exports|URL)\b/.test(code)
  if (error === undefined && needsTree) walk(parsed.program, source, lineOf)
  return source
}

/** Parses a file as CommonJS and, where its syntax or its package requires it, as a module. */
function parse(path: string, code: string, format: Format): ReturnType<typeof parseSync> {
  if (format === 'module') return parseSync(path, code, { sourceType: 'module' })
  const commonJs = parseSync(path, code, { sourceType: 'commonjs' })
  if (commonJs.errors.length === 0 && !commonJs.module.hasModuleSyntax) return commonJs
  const module = parseSync(path, code, { sourceType: 'module' })
  return module.module.hasModuleSyntax ? module : commonJs
}

function isOnlyTypes(entries: readonly { isType: boolean }[]): boolean {
  return entries.length > 0 && entries.every(({ isType }) => isType)
}

/** Keys of nodes whose values may not run when the node does. */
const conditional: Record<string, readonly string[]> = {
  IfStatement: ['consequent', 'alternate'],
  ConditionalExpression: ['consequent', 'alternate'],
  LogicalExpression: ['right'],
  SwitchStatement: ['cases'],
  TryStatement: ['block', 'handler'],
  ForStatement: ['body'],
  ForInStatement: ['body'],
  ForOfStatement: ['body'],
  WhileStatement: ['body'],
  FunctionDeclaration: ['body'],
  FunctionExpression: ['body'],
  ArrowFunctionExpression: ['body'],
  PropertyDefinition: ['value'],
}

/** Finds what the parser's module record lacks: calls, and the names that only CommonJS has. */
function walk(program: unknown, source: Source, lineOf: (offset: number) => number): void {
  const free = new Map<string, number>()
  const bound = new Set<string>()
  const bind = (pattern: unknown): void => {
    for (const name of names(pattern)) bound.add(name)
  }
  const use = (name: string | undefined, node: Node, certain: boolean): void => {
    if (name !== undefined && certain && !free.has(name)) free.set(name, node.start)
  }
  const add = (kind: Import['kind'], literal: unknown, certain: boolean): void => {
    const { start, end } = literal as Node
    const specifier = textOf(literal)
    if (specifier !== undefined)
      source.imports.push({ specifier, kind, certain, names: [], line: lineOf(start), start, end })
  }
  const visitNode = (node: Node, certain: boolean): void => {
    switch (node.type) {
      case 'ImportExpression':
        add('import', node['source'], certain)
        break
      case 'CallExpression':
        if (isRequire(node['callee'])) add('require', first(node['arguments']), certain)
        use(commonJsCall(node), node, certain)
        break
      case 'NewExpression':
        if (isName(node['callee'], 'URL') && isOwnUrl(node['arguments']))
          add('url', first(node['arguments']), false)
        break
      case 'AssignmentExpression':
        use(commonJsAssignment(node), node, certain)
        break
      case 'VariableDeclarator':
        bind(node['id'])
        break
      case 'ImportSpecifier':
      case 'ImportDefaultSpecifier':
      case 'ImportNamespaceSpecifier':
        bind(node['local'])
        break
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        bind(node['id'])
        for (const parameter of node['params'] as unknown[]) bind(parameter)
        break
    }
  }
  const visit = (value: unknown, certain: boolean): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item, certain)
    } else if (isNode(value)) {
      visitNode(value, certain)
      const uncertain = certain ? conditional[value.type] : undefined
      for (const key in value) {
        const inner = value[key]
        if (typeof inner === 'object') visit(inner, certain && uncertain?.includes(key) !== true)
      }
    }
  }
  visit(program, true)
  const uses = [...free].filter(([name]) => !bound.has(name)).map(([, start]) => lineOf(start))
  source.commonJs = uses.length === 0 ? undefined : Math.min(...uses)
}

/** Returns the CommonJS name that an assignment needs: it sets a property of `exports` or `module`. */
function commonJsAssignment({ left }: Node): string | undefined {
  if (!isNode(left) || left.type !== 'MemberExpression') return undefined
  const object = left['object']
  if (isName(object, 'exports')) return 'exports'
  if (isName(object, 'module') && isName(left['property'], 'exports')) return 'module'
  return isNode(object) && object.type === 'MemberExpression' && isName(object['object'], 'module')
    ? 'module'
    : undefined
}

/** Returns the CommonJS name that a call needs: `require(…)`, or `Object.defineProperty(exports, …)` as compilers write it. */
function commonJsCall(call: Node): string | undefined {
  const callee = call['callee'] as Node
  if (isName(callee, 'require')) return 'require'
  return callee.type === 'MemberExpression' &&
    isName(callee['object'], 'Object') &&
    isName(first(call['arguments']), 'exports')
    ? 'exports'
    : undefined
}

function names(pattern: unknown): string[] {
  if (!isNode(pattern)) return []
  if (pattern.type === 'Identifier') return [String(pattern['name'])]
  return Object.values(pattern).flatMap((inner) =>
    Array.isArray(inner) ? inner.flatMap(names) : names(inner),
  )
}

function isRequire(callee: unknown): boolean {
  if (isName(callee, 'require')) return true
  return isNode(callee) && callee.type === 'MemberExpression' && isName(callee['object'], 'require')
    ? isName(callee['property'], 'resolve')
    : false
}

function isOwnUrl(parameters: unknown): boolean {
  const base = Array.isArray(parameters) ? (parameters as unknown[])[1] : undefined
  return (
    isNode(base) &&
    base.type === 'MemberExpression' &&
    isNode(base['object']) &&
    base['object'].type === 'MetaProperty' &&
    isName(base['property'], 'url')
  )
}

function isName(node: unknown, name: string): boolean {
  return isNode(node) && node.type === 'Identifier' && node['name'] === name
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}

function first(list: unknown): unknown {
  return Array.isArray(list) ? (list as unknown[])[0] : undefined
}

/** Returns the text of a literal, or of a template without expressions. */
function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : undefined
  if (node.type !== 'TemplateLiteral') return undefined
  const quasis = node['quasis'] as { value: { cooked: string } }[]
  return quasis.length === 1 ? quasis[0]?.value.cooked : undefined
}

/** Returns a function that converts an offset to a line number, from 1. */
function lines(code: string): (offset: number) => number {
  let starts: number[] | undefined
  return (offset) => {
    starts ??= [...code.matchAll(/\n/g)].map(({ index }) => index)
    let low = 0
    for (let high = starts.length; low < high;) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) < offset) low = middle + 1
      else high = middle
    }
    return low + 1
  }
}

const byExtension: Record<string, Format> = {
  '.mjs': 'module',
  '.mts': 'module',
  '.cjs': 'commonjs',
  '.cts': 'commonjs',
}

/** How Node runs a file, and what decides it. */
export interface FormatOf {
  format: Format
  /** The package.json that decides it, relative to the repository; undefined when the extension does. */
  manifest?: string
}

/** Returns how Node runs a file of the repository: by its extension, else by the nearest package.json. */
export function formatOf(root: string, path: string): FormatOf {
  const format = byExtension[extname(path)]
  if (format !== undefined) return { format }
  const folder = scopeOf(root, path)
  const { type } = readManifest(join(root, folder))
  return {
    format: type === 'module' || type === 'commonjs' ? type : 'either',
    manifest: join(folder, 'package.json'),
  }
}

/** Returns the nearest folder with a package.json, relative to the repository; the root if no other has one. */
export function scopeOf(root: string, path: string): string {
  const folder = dirname(path)
  if (folder === '.') return ''
  return existsSync(join(root, folder, 'package.json')) ? folder : scopeOf(root, folder)
}
