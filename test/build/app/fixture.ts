import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Plan, planApp } from '../../../build/app/stage.ts'
import type { SystemConfig } from '../../../config/system.types.ts'
import { configWith } from '../../lib/config.ts'

/** A configuration with every default, and what a test sets in `app`. */
export function configFor(app: Partial<SystemConfig['app']> = {}): SystemConfig {
  return configWith({
    hostname: 'test',
    app: { entry: 'app/index.js', ...app },
    network: { mode: 'none' },
    health: { path: '/' },
  })
}

export type App = Parameters<typeof configFor>[0]

/** Plans the app layer of a repository. */
export const plan = (root: string, app?: App): Plan =>
  planApp({ root, config: configFor(app), node: process.execPath })

/** Paths of that layer, sorted. */
export const paths = (root: string, app?: App): string[] => [...plan(root, app).tree.keys()].sort()

/** Creates a link in a repository. */
export function link(root: string, path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  symlinkSync(target, join(root, path))
}

/** A package in a fixture: its package.json and a module that says its name and version. */
export function packageOf(name: string, manifest: object = {}): Record<string, string> {
  const about = { name, version: '1.0.0', ...manifest }
  return {
    'package.json': JSON.stringify(about),
    'index.js': `module.exports = ${JSON.stringify(`${about.name}@${about.version}`)}\n`,
  }
}

/** Compiles a shared library, linked with `libraries` (paths), which need not exist in the guest. */
export function compile(
  path: string,
  options: { libraries?: string[]; flags?: string[]; code?: string } = {},
): string {
  mkdirSync(dirname(path), { recursive: true })
  const source = join(dirname(path), 'source.c')
  writeFileSync(source, options.code ?? 'int answer(void) { return 42; }\n')
  execFileSync(
    'cc',
    [
      '-shared',
      '-fPIC',
      '-o',
      path,
      source,
      '-Wl,--no-as-needed',
      ...(options.libraries ?? []),
      ...(options.flags ?? []),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  return path
}

/** An empty shared library that calls itself `name`. */
export function library(
  folder: string,
  name: string,
  options: { flags?: string[]; libraries?: string[] } = {},
): string {
  return compile(join(folder, name), { ...options, flags: [`-Wl,-soname,${name}`, ...(options.flags ?? [])] })
}
