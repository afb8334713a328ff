import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { tryRunSync } from '../../config/lib/run.ts'
import { UserError } from '../../config/lib/errors.ts'
import { formatOf } from './source.ts'
import { isDecorated } from './typescript.ts'

/** The output of the compiler; paths are relative to the repository. */
export interface Compiled {
  /** JavaScript with its source map, by the path of the source. */
  code: Map<string, string>
  /** Output of the compiler. */
  messages: string
}

/** The app's TypeScript, else the template's, whose other name keeps it from meeting peer dependencies. */
const compilers = ['node_modules/typescript/lib/tsc.js', 'node_modules/@typescript/native/lib/tsc.js']

/**
 * Compiles TypeScript and JSX to JavaScript with source maps. It runs the installed `typescript`, because
 * compilers that read single files cannot tell imported types from values, which `emitDecoratorMetadata` needs.
 *
 * @param paths relative to the repository; the files that they import are compiled, too
 */
export function compile(root: string, paths: readonly string[]): Compiled {
  const compiler = compilers.map((path) => join(root, path)).find(existsSync)
  if (compiler === undefined) {
    throw new UserError(`${paths[0]} needs the TypeScript compiler, which is not installed`, {
      hint: 'npm install --save-dev typescript',
    })
  }
  const cache = join(root, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(join(cache, 'nodeos-compile-'))
  try {
    const [asCommonJs, asModules] = partition(paths, (path) => needsNodeNext(root, path))
    const results = [
      { paths: asModules, options: { module: 'preserve', moduleResolution: 'bundler' } },
      { paths: asCommonJs, options: { module: 'nodenext', moduleResolution: 'nodenext' } },
    ].filter(({ paths }) => paths.length > 0)
    const done = results.map((group) => runForNode({ root, compiler, work, ...group }))
    return {
      code: new Map(done.flatMap(({ code }) => [...code])),
      messages: done.map(({ messages }) => messages).join('\n'),
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function partition<T>(list: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [list.filter(isFirst), list.filter((item) => !isFirst(item))]
}

/**
 * Returns whether a file is compiled to CommonJS, or has `import x = require()`. All other files stay ES modules:
 * for these the compiler resolves imports as bundlers do, which allows paths without extension.
 */
function needsNodeNext(root: string, path: string): boolean {
  if (formatOf(root, path).format !== 'module') return true
  let found = false
  const see = (): void => void (found = true)
  const { program } = parseSync(path, readFileSync(join(root, path), 'utf8'))
  new Visitor({ TSImportEqualsDeclaration: see, TSExportAssignment: see }).visit(program)
  return found
}

/** Runs the compiler, and once more where the result is not yet what Node runs. */
function runForNode(run: Run): Compiled {
  const result = runCompiler(run)
  const all = [...result.code.values()]
  // The user's target may be newer than Node, and the user's JSX setting may be for a bundler.
  const target = all.some(isDecorated) ? { target: 'es2024' } : {}
  const jsx = all.some((code) => parseSync('a.js', code).errors.length > 0) ? { jsx: 'react-jsx' } : {}
  const more = { ...target, ...jsx }
  return Object.keys(more).length === 0
    ? result
    : runCompiler({ ...run, options: { ...run.options, ...more } })
}

interface Run {
  root: string
  compiler: string
  work: string
  paths: readonly string[]
  options: object
}

function runCompiler({ root, compiler, work, paths, options }: Run): Compiled {
  const out = mkdtempSync(join(work, 'out-'))
  const own = configFor(root, paths[0] ?? '')
  const settings = {
    ...(own === undefined ? {} : { extends: own }),
    files: paths.map((path) => join(root, path)),
    include: [],
    references: [],
    compilerOptions: {
      ...forNode,
      allowJs: paths.some((path) => path.endsWith('.jsx')),
      ...options,
      rootDir: root,
      outDir: out,
    },
  }
  const file = join(work, 'tsconfig.json')
  writeFileSync(file, JSON.stringify(settings))
  const argv = [process.execPath, compiler, '--project', file, '--pretty', 'false'] as const
  const { stdout } = tryRunSync(argv, { purpose: `compile ${paths[0]}`, cwd: root })
  const code = new Map<string, string>()
  for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.map')) continue
    const map = JSON.parse(readFileSync(join(out, name), 'utf8')) as { sources: string[] }
    const [source = ''] = map.sources
    const path = relative(root, join(dirname(join(out, name)), source))
    code.set(
      path,
      withMap(readFileSync(join(out, name.slice(0, -'.map'.length)), 'utf8'), {
        ...map,
        sources: [basename(path)],
      }),
    )
  }
  return { code, messages: stdout }
}

/** These override the user's tsconfig.json, which decides about the language only. */
const forNode = {
  noEmit: false,
  noEmitOnError: false,
  noCheck: true,
  allowImportingTsExtensions: false,
  rewriteRelativeImportExtensions: false,
  erasableSyntaxOnly: false,
  declaration: false,
  declarationMap: false,
  emitDeclarationOnly: false,
  isolatedDeclarations: false,
  composite: false,
  incremental: false,
  sourceMap: true,
  inlineSources: true,
  inlineSourceMap: false,
} as const

/** Returns the nearest tsconfig.json, as an editor finds it. */
function configFor(root: string, path: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const file = join(root, folder, 'tsconfig.json')
    if (existsSync(file)) return file
    if (folder === '.') return undefined
  }
}

function withMap(code: string, map: object): string {
  const data = Buffer.from(JSON.stringify(map)).toString('base64')
  const plain = code.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n')
  return `${plain}//# sourceMappingURL=data:application/json;base64,${data}\n`
}
