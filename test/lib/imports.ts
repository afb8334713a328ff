import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseSync } from 'oxc-parser'
import { root } from '../../config/lib/paths.ts'

/** One file that imports another file of the repository. */
export interface Import {
  from: string
  to: string
}

/** Lists the source files of the repository. */
export function sourceFiles(): string[] {
  return globSync('{app,build,config,deploy,kernel,test}/**/*.{ts,mts,js,mjs,cjs}', {
    cwd: root,
    exclude: ['**/node_modules', '**/fixtures', '**/.tap'],
  })
}

/** Reads the imports between the files of the repository; those of types count. */
export function importsOf(files: readonly string[]): Import[] {
  return files.flatMap((from) =>
    specifiers(from)
      .map((specifier) => ({ from, to: target(from, specifier) }))
      .filter((each): each is Import => each.to !== undefined),
  )
}

function specifiers(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const { module } = parseSync(file, text)
  const named = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
  )
  const dynamic = module.dynamicImports.map(({ moduleRequest: { start, end } }) =>
    text.slice(start + 1, end - 1),
  )
  return [
    ...new Set([
      ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
      ...named,
      ...dynamic,
    ]),
  ]
}

function target(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('#nodeos/')) return `kernel/kit/${specifier.slice('#nodeos/'.length)}.ts`
  if (!specifier.startsWith('.')) return undefined
  return relative(root, join(root, dirname(from), specifier))
}
