import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, type SecureContext, type Server } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'

/** Where a certificate and its key are: `env:NAME`, or a file of the repository. */
export interface References {
  certificate: string
  key: string
}

/** A certificate with its chain, and its key; both PEM. */
export interface Pair {
  certificate: string
  key: string
}

/** The oldest protocol that is spoken. */
export const minVersion = 'TLSv1.2'

interface Entry {
  leaf: X509Certificate
  context: SecureContext
}

/** The certificates of a server; they can be replaced at any time. */
export class Certificates {
  private readonly server: Pick<Server, 'setSecureContext'>
  pairs: readonly Pair[] = []
  private entries: Entry[] = []

  constructor(server: Pick<Server, 'setSecureContext'>) {
    this.server = server
  }

  /** New connections get these; open ones are not touched. @throws when one is not usable: then the old ones stay */
  replace(pairs: readonly Pair[]): void {
    const [first] = pairs
    if (first === undefined || isDeepStrictEqual(pairs, this.pairs)) return
    this.entries = pairs.map(entryOf)
    this.pairs = pairs
    // For clients that ask for no name, or for another one.
    this.server.setSecureContext({ cert: first.certificate, key: first.key, minVersion })
  }

  /** The best that is made for a name: for just this one, or by a wildcard; of several the last. */
  find(name: string): SecureContext | undefined {
    const found =
      this.entries.findLast(({ leaf }) => leaf.checkHost(name, { wildcards: false })) ??
      this.entries.findLast(({ leaf }) => leaf.checkHost(name))
    return found?.context
  }
}

/** @throws when they are no certificate and key, or do not fit */
export function entryOf({ certificate, key }: Pair): Entry {
  const leaf = new X509Certificate(certificate)
  // A context takes an empty key for none.
  if (!leaf.checkPrivateKey(createPrivateKey(key)))
    throw new Error('the private key does not match the certificate')
  return { leaf, context: createSecureContext({ cert: certificate, key, minVersion }) }
}

/** The same pairs with another one: in the place of those that it has all names of, or after them. */
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

/** The PEM texts behind references. @throws when one was not given to this machine */
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

/** What is wrong with a certificate that the image brings; undefined when it is well, or given to the machine later. */
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

/** The value behind `env:NAME`. */
export function given(reference: string, env: NodeJS.ProcessEnv): string | undefined {
  return env[reference.slice('env:'.length)] || undefined
}

/** The file of the image that a reference names, or undefined for `env:NAME`. */
function fileOf(reference: string): string | undefined {
  return reference.startsWith('env:') ? undefined : join(import.meta.dirname, '../..', reference)
}
