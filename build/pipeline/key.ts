import { hashText } from '../../config/lib/hash.ts'

/** Everything that determines a result's bytes: a hash, a version or a setting each, by name. */
export type Inputs = Record<string, string>

/** Returns a key that changes when any input does. */
export function cacheKey(kind: string, inputs: Inputs): string {
  const sorted = Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${kind}-${hashText(JSON.stringify(sorted)).slice(0, 32)}`
}

const toolInput = /(^| )(compiler|libc)$/

/** Splits inputs into sources with their configuration, and the tools of this host: a pin records tools, its key leaves them out. */
export function splitTools(inputs: Inputs): { sources: Inputs; tools: Inputs } {
  const entries = Object.entries(inputs)
  return {
    sources: Object.fromEntries(entries.filter(([name]) => !toolInput.test(name))),
    tools: Object.fromEntries(entries.filter(([name]) => toolInput.test(name))),
  }
}
