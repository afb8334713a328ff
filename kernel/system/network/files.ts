import { readFileSync, renameSync, writeFileSync } from 'node:fs'

/** Replaces a file at once: a reader sees the old text or the new one. */
export function writeAtomically(path: string, text: string): void {
  const unfinished = `${path}.new`
  writeFileSync(unfinished, text)
  renameSync(unfinished, path)
}

/** Writes a file unless it already reads so. */
export function writeIfChanged(path: string, text: string): void {
  if (readIfThere(path) !== text) writeAtomically(path, text)
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** As many as the C library reads. */
const mostServers = 3
const mostDomains = 6

/** The text of resolv.conf. */
export function resolvConf(dns: readonly string[], search: readonly string[]): string {
  const lines = unique(dns)
    .slice(0, mostServers)
    .map((server) => `nameserver ${server}\n`)
  const domains = unique(search).slice(0, mostDomains)
  if (domains.length > 0) lines.push(`search ${domains.join(' ')}\n`)
  return lines.join('')
}

/** The text of hosts: the machine finds itself by name, with or without an address. */
export function hosts(hostname: string, address: string | undefined, ipv6: boolean): string {
  const short = hostname.split('.')[0] ?? hostname
  const names = unique([hostname, short]).join(' ')
  return `127.0.0.1 localhost\n${ipv6 ? '::1 localhost\n' : ''}${address ?? '127.0.1.1'} ${names}\n`
}

export function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
