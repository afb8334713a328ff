import { existsSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { loadConfig } from '../config/load.ts'
import { UserError } from '../config/lib/errors.ts'
import { main } from '../config/lib/main.ts'
import { tryRun } from '../config/lib/run.ts'
import { root } from '../config/lib/paths.ts'
import { type NodeRuntime, npmNode } from './runtime/node.ts'

/** Returns the environment in which npm compiles for a Node: with that Node and its headers. */
export function rebuildEnvironment(
  { binary, headers }: NodeRuntime,
  env: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  return {
    ...env,
    PATH: [dirname(binary), env['PATH']].join(delimiter),
    // npm sets these for its own scripts; they would override PATH.
    npm_node_execpath: binary,
    NODE: binary,
    npm_config_nodedir: resolve(headers, '../..'),
    npm_config_build_from_source: 'true',
  }
}

/** Compiles the addons of installed packages for a Node, whatever Node runs here. */
export async function rebuild(packages: readonly string[], folder: string, node: NodeRuntime): Promise<void> {
  for (const name of packages) {
    if (!existsSync(join(folder, 'node_modules', name))) {
      throw new UserError(`${name} is not installed in ${folder}`, { hint: `npm install ${name}` })
    }
  }
  // You allow the scripts of a package by naming it: npm has no flag that allows them for one run.
  const flags = ['--foreground-scripts', '--dangerously-allow-all-scripts', '--loglevel=error']
  const { status } = await tryRun(['npm', 'rebuild', ...flags, ...packages], {
    purpose: 'compile native addons',
    cwd: folder,
    env: rebuildEnvironment(node, process.env),
    terminal: true,
  })
  if (status !== 0) {
    throw new UserError(`could not compile ${packages.join(', ')} for Node ${node.version}`, {
      hint: 'its compiler needs make, g++ and Python: see the output above',
    })
  }
}

await main(
  import.meta,
  {
    usage: 'npm run rebuild --',
    summary: "Compiles native addons for the machine's Node, whatever Node runs on this host.",
    options: { in: { type: 'string' } },
    help: { in: 'folder whose node_modules has the packages (default: the repository)' },
    words: ['package…'],
    example: 'npm run rebuild -- better-sqlite3',
  },
  async ({ values, positionals }) => {
    const { machine } = await loadConfig()
    await rebuild(positionals, resolve(root, values.in ?? ''), await npmNode(machine.arch))
  },
)
