import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { Release } from '../../../deploy/target.ts'
import { layShipped } from '../../lib/shipped.ts'
import { appLayer } from '../app-layer.ts'
import { releaseGuest } from '../guest.ts'
import { type Contestant, memory, ports, type Setting } from './contestant.ts'

const status = join(import.meta.dirname, '../fixtures/lb/status.ts')

/** TurboFan, V8's last tier, compiles what runs once a request after some 10,000 to 20,000 requests. */
const warmUp = 20_000

/** The app of this repository on the kernel and the runtime of the build. */
export async function appliance(release: Release, setting: Setting, repository: string): Promise<Contestant> {
  layShipped(repository)
  cpSync(status, join(repository, 'app/status.ts'))
  const env = {
    LB_CONFIG: JSON.stringify(balance(setting)),
    CERTIFICATE: base64(setting.certificate),
    KEY: base64(setting.key),
  }
  const app = await appLayer({ repository, entry: 'app/status.ts', memory, env })
  const guest = releaseGuest(release, { memory })
  const { node, kernel, source } = release.manifest
  return {
    name: 'nodeos',
    warmUp,
    version: `${source.commit?.slice(0, 12) ?? 'no commit'}, Node ${node}, Linux ${kernel}`,
    guest: { ...guest, disks: [guest.disks[0] ?? '', app], guestPort: ports.http },
  }
}

function balance({ backend }: Setting): object {
  const pool = { backends: [{ address: backend }], health: { kind: 'none' } }
  return {
    listeners: [
      { port: ports.http },
      {
        port: ports.https,
        protocol: 'https',
        certificates: [{ certificate: 'env:CERTIFICATE', key: 'env:KEY' }],
      },
      { port: ports.tcp, protocol: 'tcp', pool: 'tcp' },
    ],
    routes: [{ pool: 'web' }],
    pools: { web: pool, tcp: { ...pool, protocol: 'tcp' } },
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
