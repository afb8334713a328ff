import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, type SecureContext, type Server } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'

/** Where to find a certificate and its key: `env:NAME`, or a file in the repository. */
export interface References {
  certificate: string
  key: string
}

/** A certificate with its chain, and its private key; both as PEM. */
export interface Pair {
  certificate: string
  key: string
}

/** The oldest TLS version that is accepted. */
export const minVersion = 'TLSv1.2'

interface Entry {
  leaf: X509Certificate
  context: SecureContext
}

/** The certificates of a server. They can be replaced at any time. */
export class Certificates {
  readonly #server: Pick<Server, 'setSecureContext'>
  pairs: readonly Pair[] = []
  #entries: Entry[] = []

  constructor(server: Pick<Server, 'setSecureContext'>) {
    this.#server = server
  }

  /** Replaces the certificates for new connections. @throws if one is invalid; then nothing changes */
  replace(pairs: readonly Pair[]): void {
    const [first] = pairs
    if (first === undefined || isDeepStrictEqual(pairs, this.pairs)) return
    this.#entries = pairs.map(entryOf)
    this.pairs = pairs
    // For clients without SNI, and for unknown names.
    this.#server.setSecureContext({ cert: first.certificate, key: first.key, minVersion })
  }

  /** Finds the certificate for a name: an exact match before a wildcard, the last one of several. */
  find(name: string): SecureContext | undefined {
    const found =
      this.#entries.findLast(({ leaf }) => leaf.checkHost(name, { wildcards: false })) ??
      this.#entries.findLast(({ leaf }) => leaf.checkHost(name))
    return found?.context
  }
}

/** Parses a pair. @throws if it is invalid, or the key does not match the certificate */
export function entryOf({ certificate, key }: Pair): Entry {
  const leaf = new X509Certificate(certificate)
  // A context accepts an empty key.
  if (!leaf.checkPrivateKey(createPrivateKey(key)))
    throw new Error('the private key does not match the certificate')
  return { leaf, context: createSecureContext({ cert: certificate, key, minVersion }) }
}

/** Adds a pair. It replaces those whose names it covers completely. */
export function renewed(pairs: readonly Pair[], pair: Pair): Pair[] {
  const names = namesOf(pair)
  const stays = (each: Pair): boolean => !namesOf(each).every((name) => names.includes(name))
  const rest = pairs.filter(stays)
  const place = pairs.findIndex((each) => !stays(each))
  return rest.toSpliced(place === -1 ? rest.length : place, 0, pair)
}

function namesOf({ certificate }: Pair): string[] {
  const { subject, subjectAltName = subject } = new X509Certificate(certificate)
  return subjectAltName.split(', ')
}

/** Reads the PEM texts of references. @throws if an environment variable is not set */
export function readPairs(references: readonly References[], env: NodeJS.ProcessEnv): Pair[] {
  const read = (reference: string): string => {
    const file = fileOf(reference)
    if (file !== undefined) return readFileSync(file, 'utf8')
    const text = given(reference, env)
    if (text !== undefined) return text
    throw new Error(`environment variable ${reference.slice(4)} is not set; it must contain PEM text`)
  }
  return references.map(({ certificate, key }) => ({ certificate: read(certificate), key: read(key) }))
}

/** Checks a certificate that is part of the image. @returns the problem, or undefined */
export function problemOf({ certificate: reference }: References): string | undefined {
  const file = fileOf(reference)
  if (file === undefined) return undefined
  try {
    void new X509Certificate(readFileSync(file, 'utf8'))
    return undefined
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'the file does not exist in the repository' : message
    return `${reference}: ${problem}; use a PEM file, or env:NAME for a certificate from the environment`
  }
}

/** Returns the value of `env:NAME`, or undefined if it is not set. */
export function given(reference: string, env: NodeJS.ProcessEnv): string | undefined {
  return env[reference.slice('env:'.length)] || undefined
}

/** Returns the path of a file in the image, or undefined for `env:NAME`. */
function fileOf(reference: string): string | undefined {
  return reference.startsWith('env:') ? undefined : join(import.meta.dirname, '../..', reference)
}
