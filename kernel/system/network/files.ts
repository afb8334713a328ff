import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { unique } from './settings.ts'

/** Replaces a file atomically: a reader sees the old text or the new one. */
export function writeAtomically(path: string, text: string): void {
  const unfinished = `${path}.new`
  writeFileSync(unfinished, text)
  renameSync(unfinished, path)
}

/** Writes a file unless it already has this text. */
export function writeIfChanged(path: string, text: string): void {
  if (readIfExists(path) !== text) writeAtomically(path, text)
}

function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** The C library reads no more. */
const mostServers = 3
const mostDomains = 6

/** Formats resolv.conf. */
export function resolvConf(dns: readonly string[], search: readonly string[]): string {
  const lines = unique(dns)
    .slice(0, mostServers)
    .map((server) => `nameserver ${server}\n`)
  const domains = unique(search).slice(0, mostDomains)
  if (domains.length > 0) lines.push(`search ${domains.join(' ')}\n`)
  return lines.join('')
}

/** Formats hosts: the machine resolves its own name, with or without an address. */
export function hosts(hostname: string, address: string | undefined, ipv6: boolean): string {
  const short = hostname.split('.')[0] ?? hostname
  const names = unique([hostname, short]).join(' ')
  return `127.0.0.1 localhost\n${ipv6 ? '::1 localhost\n' : ''}${address ?? '127.0.1.1'} ${names}\n`
}
