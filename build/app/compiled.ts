import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import { compile } from './compile.ts'
import { formatOf, type Import, readSource } from './source.ts'
import type { Own } from './own.ts'
import { isTypeScript } from './typescript.ts'

/**
 * Compiles all TypeScript of the app, even if only one file needs it: a program that is written for a compiler
 * imports types like values.
 */
export function compileAll(own: Own): void {
  const { root, tree, typeScript, uncompiled, broken } = own
  for (const path of uncompiled) {
    const { error } = readSource(path, typeScript.get(path) ?? '', 'module')
    if (error !== undefined)
      broken.set(path, new UserError(`${path}:${error.line} is not valid TypeScript: ${error.message}`))
  }
  const paths = [...typeScript.keys()].filter((path) => !broken.has(path))
  const compiled = compile(root, paths)
  own.compiled = compiled
  own.hasMaps = true
  for (const path of paths) {
    const content = compiled.code.get(path)
    const entry = tree.get(path)
    if (content === undefined) {
      if (uncompiled.has(path)) broken.set(path, notCompiled(path, compiled.messages))
    } else if (entry !== undefined && entry.kind !== 'link') {
      tree.set(path, { kind: 'text', content, executable: entry.executable })
    }
  }
  uncompiled.clear()
}

function notCompiled(path: string, messages: string): UserError {
  const line = messages.split('\n').find((text) => text.includes('error TS')) ?? 'the compiler wrote no file'
  return new UserError(`${path} could not be compiled: ${line}`)
}

/**
 * Packs the compiled version of a file of JSX under a name that Node accepts.
 *
 * @returns the path of the compiled file
 */
export function compileJsx(own: Own, path: string): string {
  const { root, tree, broken } = own
  const place = `${path}.js`
  if (tree.has(place)) return place
  const { error } = readSource(path, readFileSync(join(root, path), 'utf8'), 'module')
  if (error !== undefined) throw new UserError(`${path}:${error.line} is not valid JSX: ${error.message}`)
  const { code, messages } = compile(root, [path])
  for (const [source, content] of code) {
    if (/\.[jt]sx$/.test(source)) tree.set(`${source}.js`, { kind: 'text', content, executable: false })
  }
  own.hasMaps = true
  if (!code.has(path)) throw broken.get(path) ?? notCompiled(path, messages)
  return place
}

/** Returns the source of a packed file. */
export function sourceOf(path: string): string {
  return path.replace(/(\.[jt]sx)\.js$/, '$1')
}

/** Returns whether a file imports a type like a value. Node would not find it after types are stripped. */
export function importsTypeAsValue(own: Own, path: string, { names }: Import, target: string): boolean {
  if (own.compiled !== undefined || names.length === 0 || !isTypeScript(path) || !isTypeScript(target))
    return false
  const entry = own.tree.get(target)
  if (entry?.kind !== 'text' || own.broken.has(target)) return false
  const { isModule, exports } = readSource(target, entry.content, formatOf(own.root, target).format)
  return isModule && exports !== undefined && names.some((name) => !exports.has(name))
}
