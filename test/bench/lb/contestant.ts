import type { Guest } from '../guest.ts'

/** A machine that proxies. */
export interface Contestant {
  name: string
  /** Name and version of the program. */
  version: string
  /** Requests of each kind of work before those that are measured, at least; six batches when left out. */
  warmUp?: number
  guest: Guest
}

/** Where every contestant listens in its guest. */
export const ports = { http: 8080, https: 8443, tcp: 9000, status: 9099 } as const

/** MiB, the same for all. */
export const memory = 512

/** The backend and the certificate of all proxies. */
export interface Setting {
  /** Address of the backend as a guest reaches it. */
  backend: string
  /** Both PEM. */
  certificate: string
  key: string
}
