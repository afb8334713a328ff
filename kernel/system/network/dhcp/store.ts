import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeAtomically } from '../files.ts'
import type { Lease } from './lease.ts'

/** JSON has no Infinity: a time that never comes is left out. */
interface Saved {
  version: 1
  mac: string
  lease: Omit<Lease, 'renewAt' | 'rebindAt' | 'expiresAt'> &
    Partial<Record<'renewAt' | 'rebindAt' | 'expiresAt', number>>
}

/** Keeps a lease for the process that comes after this one. The file must not outlive the machine's boot. */
export function saveLease(path: string, mac: string, lease: Lease): void {
  mkdirSync(dirname(path), { recursive: true })
  const finite = Object.fromEntries(Object.entries(lease).filter(([, value]) => value !== Infinity))
  writeAtomically(path, JSON.stringify({ version: 1, mac, lease: finite }))
}

/** The lease that an earlier process kept for this interface; undefined when there is none to be had. */
export function loadLease(path: string, mac: string): Lease | undefined {
  try {
    const saved = JSON.parse(readFileSync(path, 'utf8')) as Saved
    if (saved.version !== 1 || saved.mac !== mac) return undefined
    return { renewAt: Infinity, rebindAt: Infinity, expiresAt: Infinity, ...saved.lease }
  } catch {
    return undefined
  }
}

export function forgetLease(path: string): void {
  rmSync(path, { force: true })
}
