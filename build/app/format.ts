import { existsSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { readManifest } from './closure.ts'
import type { Format } from './source.ts'

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

/** Tells how Node runs a file of the repository: by its extension, else by the nearest package.json. */
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

/** The nearest folder with a package.json, relative to the repository: the root at the latest. */
export function scopeOf(root: string, path: string): string {
  const folder = dirname(path)
  if (folder === '.') return ''
  return existsSync(join(root, folder, 'package.json')) ? folder : scopeOf(root, folder)
}
