import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'

/** Beside the app, but no part of what runs: dropped without a word. */
const litter = /^(\.git|\.DS_Store|\.nodeos|\.#.*|.*~|.*\.sw[op]|.*\.d\.[cm]?ts)$/

const settings = /^\.env|\.env$/i
const credentials =
  /^(\.npmrc|\.yarnrc(\.yml)?|\.netrc|\.pypirc|\.pgpass|\.git-credentials|\.ssh|\.aws|\.gnupg|\.kube|\.docker)$/
const keyFiles = /\.(pem|key|p8|ppk)$|^id_(rsa|dsa|ecdsa|ed25519)$/i
const keyStores = /\.(p12|pfx|jks|keystore)$/i

/** Why a file or folder never enters an image. */
export type Secret = 'environment' | 'credentials' | 'private key'

/** Whether a name in the app's own folders is no part of the app. */
export function isLitter(name: string): boolean {
  return litter.test(name)
}

/** What secret a file or folder holds, going by its name and, for keys, by its content. */
export function secretIn(path: string): Secret | undefined {
  const name = basename(path)
  if (settings.test(name)) return 'environment'
  if (credentials.test(name)) return 'credentials'
  if (keyStores.test(name)) return 'private key'
  if (!keyFiles.test(name) || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined
  return /PRIVATE KEY|PuTTY-User-Key-File/.test(readFileSync(path, 'latin1')) ? 'private key' : undefined
}
