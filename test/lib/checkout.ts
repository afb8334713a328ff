import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { productionClosure } from '../../build/app/closure.ts'
import { root } from '../../config/lib/paths.ts'
import { runSync } from '../../config/lib/run.ts'

/** A copy of the repository as it stands, without what git ignores, that a test may break. */
export interface Checkout {
  path: string
  /** Runs a command there; the pinned Node and the packages' programs come first on PATH. */
  run(argv: [string, ...string[]], env?: Record<string, string>): { status: number | null; output: string }
  remove(): void
}

export function checkout(): Checkout {
  const path = mkdtempSync(join(tmpdir(), 'nodeos-checkout-'))
  copyFiles(root, path)
  linkPackages(path)
  return {
    path,
    run([command, ...rest], env = {}) {
      const bin = join(root, 'node_modules/.bin')
      const { status, stdout, stderr } = spawnSync(command, rest, {
        cwd: path,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${bin}:${process.env['PATH']}`, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      return { status, output: stdout + stderr }
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Copies the files of a repository, without those that git ignores. */
export function copyFiles(from: string, to: string): void {
  const listed = runSync(
    ['git', '-C', from, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { purpose: 'list the files of the repository' },
  )
  for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(join(from, name)))) {
    mkdirSync(dirname(join(to, file)), { recursive: true })
    cpSync(join(from, file), join(to, file), { recursive: true, verbatimSymlinks: true })
  }
}

/** Packages as they are here; those that an image takes as copies, for it takes nothing from outside the repository. */
function linkPackages(path: string): void {
  const { packages } = productionClosure(root, { arch: 'x64', folders: ['app'] })
  const taken = new Set(packages.map(({ folder }) => folder))
  for (const name of installed()) {
    const [from, to] = [join(root, 'node_modules', name), join(path, 'node_modules', name)]
    mkdirSync(dirname(to), { recursive: true })
    if (taken.has(`node_modules/${name}`)) cpSync(from, to, { recursive: true })
    else symlinkSync(from, to)
  }
}

/** The packages in `node_modules`, those of scopes by their full names. */
function installed(): string[] {
  return folderOf('.').flatMap((name) =>
    name.startsWith('@') ? folderOf(name).map((own) => `${name}/${own}`) : [name],
  )
}

function folderOf(path: string): string[] {
  return readdirSync(join(root, 'node_modules', path))
}
