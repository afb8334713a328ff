import { execFile } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runSync, tail } from '../../config/lib/run.ts'
import { copyFiles } from '../lib/checkout.ts'

/** A copy of the repository in which the bench may build and edit. */
export interface Workspace {
  root: string
  /** Runs `npm run <script>` and returns the seconds it took. */
  npm(script: string): Promise<number>
  /** Overrides settings, as a person would in `config/local.json`. */
  configure(settings: object): void
  /** Appends a comment to a file. */
  touch(path: string): void
  remove(): void
}

const run = promisify(execFile)

/** Copies the repository without what git ignores, except for `node_modules` unless they are to be installed. */
export function copyRepository(root: string, env: NodeJS.ProcessEnv, { packages = true } = {}): Workspace {
  const copy = mkdtempSync(join(tmpdir(), 'nodeos-bench-'))
  copyFiles(root, copy)
  if (packages) {
    runSync(['cp', '-a', '--reflink=auto', join(root, 'node_modules'), join(copy, 'node_modules')], {
      purpose: 'copy node_modules',
    })
  }
  return {
    root: copy,
    npm: (script) => timedNpm(copy, script, env),
    configure: (settings) => writeFileSync(join(copy, 'config', 'local.json'), JSON.stringify(settings)),
    touch: (path) => appendFileSync(join(copy, path), `\n// ${Date.now()}\n`),
    remove: () => rmSync(copy, { recursive: true, force: true }),
  }
}

async function timedNpm(cwd: string, script: string, env: NodeJS.ProcessEnv): Promise<number> {
  const started = performance.now()
  try {
    await run('npm', ['run', '--silent', script], { cwd, env, maxBuffer: 1 << 26 })
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
    throw new Error(`npm run ${script} failed in the copy\n${tail(output, 20)}`, { cause: error })
  }
  return (performance.now() - started) / 1000
}
