import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../config/lib/paths.ts'

interface Lock {
  packages: Record<string, { dev?: true; optional?: true; devOptional?: true }>
}

/** Lays out a repository with the app as it is shipped, and the packages that it needs. */
export function layShipped(repository: string): void {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock
  const needed = Object.entries(packages)
    .filter(([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional)
    .map(([path]) => path)
  const own = ['app', 'config/app.schema.json', 'kernel/contract', 'kernel/kit', 'package.json']
  for (const path of [...own, ...needed]) {
    cpSync(join(root, path), join(repository, path), { recursive: true })
  }
  mkdirSync(join(repository, 'config'), { recursive: true })
  writeFileSync(join(repository, 'config/app.json'), '{}')
}
