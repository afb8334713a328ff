import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'dotenv'
import { hasCode } from './errors.ts'

/** Variables that configure the tools rather than the machine; `.env.example` explains them. */
export const toolVariables: Record<string, string> = {
  NODEOS_CACHE: 'stores to search before compiling: absolute paths or https: URLs, separated by commas',
  NODEOS_ACCEL: 'kvm or tcg: how QEMU runs the machine on this host; detected by default',
  NODEOS_SKIP_SETUP: '1: do not install packages on this host during npm install and npm run test:all',
  NODEOS_HOST: 'folder of npm run host (repositories, releases, machines); default: ~/nodeos',
  NODEOS_JOBS: 'number of compilers that run at once; default: one per CPU',
}

/** Copies the tools' variables from a folder's `.env` into the environment, unless it has them. */
export function loadToolVariables(root: string, env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(readDotenv(root))) {
    if (name in toolVariables) env[name] ??= value
  }
}

/** Reads the NODEOS_* variables of a folder's `.env`; returns {} when the file does not exist. */
export function readDotenv(root: string): Record<string, string> {
  let text: string
  try {
    text = readFileSync(join(root, '.env'), 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return {}
    throw error
  }
  return Object.fromEntries(Object.entries(parse(text)).filter(([name]) => name.startsWith('NODEOS_')))
}
