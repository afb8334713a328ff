import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'

/** A self-signed certificate for some names. */
export function certify(t: Pick<Test, 'testdir'>, ...names: string[]): { certificate: string; key: string } {
  const folder = t.testdir({})
  const [certificate, key] = [join(folder, 'crt'), join(folder, 'key')]
  const alternatives = names.map((name) => `DNS:${name}`).join(',')
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${names[0]}`,
    ].concat(['-addext', `subjectAltName=${alternatives}`, '-keyout', key, '-out', certificate]),
    { stdio: 'ignore' },
  )
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
}
