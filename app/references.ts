import { join } from 'node:path'

/** The value behind `env:NAME`. */
export function given(reference: string, env: NodeJS.ProcessEnv): string | undefined {
  return env[reference.slice('env:'.length)] || undefined
}

/** The file of the image that a reference names, or undefined for `env:NAME`. */
export function fileOf(reference: string): string | undefined {
  return reference.startsWith('env:') ? undefined : join(import.meta.dirname, '..', reference)
}
