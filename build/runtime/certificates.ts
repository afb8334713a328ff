import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const print = "process.stdout.write(require('node:tls').rootCertificates.join('\\n') + '\\n')"

/**
 * Writes Node's root certificates where programs with a TLS library of their own look for the system's: native
 * addons in Rust, Go or C, and Node itself with --use-system-ca.
 *
 * @param node the binary that the machine runs
 */
export function writeCertificates(stage: string, node: string): void {
  const certificates = execFileSync(node, ['-e', print], { env: {}, maxBuffer: 16 * 1024 * 1024 })
  mkdirSync(join(stage, 'etc/ssl/certs'), { recursive: true })
  writeFileSync(join(stage, 'etc/ssl/certs/ca-certificates.crt'), certificates)
  symlinkSync('certs/ca-certificates.crt', join(stage, 'etc/ssl/cert.pem'))
}
