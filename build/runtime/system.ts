import { build, type Plugin, version } from 'esbuild'
import { glob } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join, resolve } from 'node:path'
import prometheus from 'prom-client/package.json' with { type: 'json' }
import { hashFile } from '../../config/lib/hash.ts'
import { root } from '../../config/lib/paths.ts'

export interface SystemOptions {
  /** File to write. */
  out: string
  /** Another program to bundle the same way. */
  entry?: string
}

/** Parts of the system layer that stand apart because a boot needs none of them. */
export const bundles = {
  control: 'kernel/system/control/channel.ts',
  metrics: 'kernel/system/metrics/serve.ts',
  logs: 'kernel/system/logs/forward.ts',
} as const

/**
 * Bundles the system layer into one ES module. The same sources give the same bytes.
 *
 * @throws the errors of esbuild, with file and line
 */
export async function buildSystem({ out, entry = 'kernel/system/main.ts' }: SystemOptions): Promise<void> {
  await build({
    entryPoints: [join(root, entry)],
    outfile: resolve(out),
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Names stay, for readable stack traces on the console.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    // Node prints the line that threw: it should not be the whole bundle.
    lineLimit: 160,
    logLevel: 'error',
    plugins: [lightBuiltins],
  })
}

/** Packages may leave the prefix out. */
const builtin = new RegExp(`^(node:.+|${builtinModules.join('|')})$`)

/**
 * Turns `import { name } from 'node:module'` into a plain read of that name. A real import reads every export
 * of the module, among them getters that load half of Node: 12 million instructions for `node:fs`.
 */
const lightBuiltins: Plugin = {
  name: 'light builtins',
  setup(build) {
    build.onResolve({ filter: builtin }, ({ path }) => ({ path, namespace: 'builtin', sideEffects: false }))
    build.onLoad({ filter: /./, namespace: 'builtin' }, async ({ path }) => {
      const module = (await import(path)) as Record<string, unknown>
      const names = Object.keys(module).filter((name) => name !== 'default')
      const pick = `const pick = (name) => process.getBuiltinModule(${JSON.stringify(path)})[name]\n`
      return {
        contents:
          pick + names.map((name) => `export const ${name} = /* @__PURE__ */ pick('${name}')\n`).join(''),
      }
    })
  },
}

/** Returns everything that determines the bundle's bytes: a name and a hash or version each. */
export async function systemInputs(): Promise<Record<string, string>> {
  const files = ['build/runtime/system.ts']
  const sources = ['kernel/system/**/*.ts', 'kernel/contract/*.ts', 'kernel/native/*.ts']
  for await (const path of glob(sources, { cwd: root })) files.push(path)
  const hashes = await Promise.all(files.sort().map(async (path) => [path, await hashFile(join(root, path))]))
  const { version: client } = prometheus as { version: string }
  return { ...Object.fromEntries(hashes), esbuild: version, 'prom-client': client } as Record<string, string>
}
