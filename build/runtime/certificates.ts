import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runSync } from '../../config/lib/run.ts'

const print = "process.stdout.write(require('node:tls').rootCertificates.join('\\n') + '\\n')"

/**
 * Writes Node's root certificates where programs with a TLS library of their own look for the system's: native
 * addons in Rust, Go or C, and Node itself with --use-system-ca.
 *
 * @param node the binary that the machine runs
 */
export function writeCertificates(stage: string, node: string): void {
  const certificates = runSync([node, '-e', print], {
    purpose: 'read the root certificates of Node',
    env: { NODE_EXTRA_CA_CERTS: undefined, NODE_OPTIONS: undefined },
  })
  mkdirSync(join(stage, 'etc/ssl/certs'), { recursive: true })
  writeFileSync(join(stage, 'etc/ssl/certs/ca-certificates.crt'), certificates)
  symlinkSync('certs/ca-certificates.crt', join(stage, 'etc/ssl/cert.pem'))
}
