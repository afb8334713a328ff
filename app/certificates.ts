import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { given, type ListenerConfig } from './config.ts'

/** A certificate with its chain, and its key; both PEM. */
export interface Pair {
  certificate: string
  key: string
}

/** The oldest protocol that is spoken. */
export const minVersion = 'TLSv1.2'

interface Entry {
  names: string[]
  context: SecureContext
  expires: Date
}

/** The certificates of a listener, found by the name that a client asks for; they can be replaced at any time. */
export class Certificates {
  private entries: Entry[] = []

  constructor(pairs: readonly Pair[]) {
    this.replace(pairs)
  }

  /** New connections get these; open ones are not touched. @throws when one is not usable: then the old ones stay */
  replace(pairs: readonly Pair[]): void {
    this.entries = pairs.map(entryOf)
  }

  /** The best for a name: an exact one, a wildcard, or the first. */
  find(name: string): SecureContext | undefined {
    const wanted = name.toLowerCase()
    const wildcard = `*.${wanted.slice(wanted.indexOf('.') + 1)}`
    const found =
      this.entries.find(({ names }) => names.includes(wanted)) ??
      this.entries.find(({ names }) => names.includes(wildcard)) ??
      this.entries[0]
    return found?.context
  }

  /** What each certificate is for, and until when. */
  describe(): { names: string[]; expires: string }[] {
    return this.entries.map(({ names, expires }) => ({ names, expires: expires.toISOString() }))
  }
}

function entryOf({ certificate, key }: Pair): Entry {
  const leaf = new X509Certificate(certificate)
  const names = [...(leaf.subjectAltName ?? '').matchAll(/(?:DNS|IP Address):([^,\s]+)/g)]
  const context = createSecureContext({ cert: certificate, key, minVersion })
  return { names: names.map(([, name = '']) => name.toLowerCase()), context, expires: leaf.validToDate }
}

/** The PEM texts that a listener's configuration names. @throws when one was not given to this machine */
export function readPairs(
  certificates: ListenerConfig['certificates'],
  env: NodeJS.ProcessEnv,
  root = join(import.meta.dirname, '..'),
): Pair[] {
  const read = (reference: string): string => {
    if (!reference.startsWith('env:')) return readFileSync(join(root, reference), 'utf8')
    const text = given(reference, env)
    if (text === undefined)
      throw new Error(`${reference.slice(4)} is not set: this machine was given no certificate`)
    return text
  }
  return certificates.map(({ certificate, key }) => ({ certificate: read(certificate), key: read(key) }))
}
