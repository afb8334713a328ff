import { build, type BuildOptions, type Plugin, version } from 'esbuild'
import { glob } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join, resolve } from 'node:path'
import prometheus from 'prom-client/package.json' with { type: 'json' }
import { hashFile } from '../../config/lib/hash.ts'
import { root } from '../../config/lib/paths.ts'
import { runSync } from '../../config/lib/run.ts'

export interface SystemOptions {
  /** Folder to write to. */
  out: string
  /** Path of the machine's Node. */
  node: string
  /** Another system layer than the machine's. */
  entry?: string
}

/** Parts of the system layer that stand apart because a boot needs none of them. */
const bundles = {
  control: 'kernel/system/control/channel.ts',
  metrics: 'kernel/system/metrics/serve.ts',
  logs: 'kernel/system/logs/forward.ts',
} as const

/**
 * Bundles the system layer into the folder `out`: `system.mjs`, which Node loads, and the script that it runs, with its
 * compiled code. The same sources give the same bytes.
 *
 * @param node the machine's Node, which compiles the script
 * @throws the errors of esbuild, with file and line
 */
export async function buildSystem({
  out,
  node,
  entry = 'kernel/system/main.ts',
}: SystemOptions): Promise<void> {
  const script = join(out, 'system.js')
  await bundle(join(out, 'system.mjs'), 'kernel/system/load.ts')
  await bundle(script, entry, {
    format: 'cjs',
    banner: { js: '(function(module){' },
    footer: { js: '})' },
  })
  runSync([node, '--hash-seed=1', codeCache, script, join(out, 'system.cache')], {
    purpose: 'compile the system layer',
    // V8's flags, which the machine does not have, would make the code useless there.
    env: { NODE_OPTIONS: undefined },
  })
  for (const [name, part] of Object.entries(bundles)) await bundle(join(out, `${name}.mjs`), part)
}

async function bundle(out: string, entry: string, options: BuildOptions = {}): Promise<void> {
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
    ...options,
  })
}

const codeCache = join(import.meta.dirname, 'code-cache.cjs')

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
  const files = ['build/runtime/system.ts', 'build/runtime/code-cache.cjs']
  const sources = ['kernel/system/**/*.ts', 'kernel/contract/*.ts', 'kernel/native/*.ts']
  for await (const path of glob(sources, { cwd: root })) files.push(path)
  const hashes = await Promise.all(files.sort().map(async (path) => [path, await hashFile(join(root, path))]))
  const { version: client } = prometheus as { version: string }
  return { ...Object.fromEntries(hashes), esbuild: version, 'prom-client': client } as Record<string, string>
}
