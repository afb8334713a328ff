import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runSync } from '../../../config/lib/run.ts'

/** A certificate for bench.test that signs itself, and its key; both PEM. */
export function makeCertificate(folder: string): { certificate: string; key: string } {
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  const names = ['-subj', '/CN=bench.test', '-addext', 'subjectAltName=DNS:bench.test']
  runSync(
    [
      ...(['openssl', 'req', '-x509', '-nodes', '-days', '2', ...names] as const),
      ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
      ...['-keyout', key, '-out', certificate],
    ],
    { purpose: 'create a certificate' },
  )
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
}
