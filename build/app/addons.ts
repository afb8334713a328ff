import { copyFile, mkdir, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { UserError } from '../lib/errors.ts'
import { tool } from '../lib/tool.ts'
import { readElf } from './elf.ts'

/** A native addon in the app layer. */
export interface Addon {
  /** The package that it belongs to. */
  package: string
  /** Path inside the package. */
  name: string
  /** File on this host. */
  file: string
}

/** In the runtime layer already. */
const inRuntime = /^(linux-vdso|ld-linux-[\w-]+|lib(c|m|dl|pthread|rt|util|resolv|stdc\+\+|gcc_s))\.so/

/** Prebuilds of other machines lie side by side in a package, in folders or files that name them. */
const elsewhere =
  /(^|[/.-])(darwin|win32|freebsd|android|linux-arm64|linux-arm|linux-ia32|linux-ppc64|linux-s390x|linuxmusl|musl|alpine|ia32|arm64|armv[67]\w*)([/.+-]|$)/

/** Whether a `.node` file says in its path that it is for another machine than the guest. */
export function isForElsewhere(path: string): boolean {
  return path.endsWith('.node') && elsewhere.test(path)
}

/**
 * Checks that addons can be loaded in the guest and copies the shared libraries that only they need.
 *
 * @param into folder for the libraries
 * @returns whether there are any libraries, so that the loader must be told of the folder
 * @throws {UserError} naming the package of an addon that cannot be loaded, and why
 */
export async function carryLibraries(addons: Addon[], into: string): Promise<boolean> {
  let carried = false
  for (const addon of addons) {
    const header = await readElf(addon.file)
    if (header === undefined) throw refused(addon, 'it is not a Linux binary')
    if (header.machine !== 'x64') throw refused(addon, `it is for another processor (${header.machine})`)
    for (const library of needed(addon)) {
      await mkdir(into, { recursive: true })
      await copyFile(await realpath(library), join(into, basename(library)))
      carried = true
    }
  }
  return carried
}

/** Shared libraries of an addon that the runtime layer lacks, as this host's loader finds them. */
function needed(addon: Addon): string[] {
  const listing = tool(['ldd', addon.file], { purpose: `list the libraries of ${addon.package}` })
  if (/musl/.test(listing)) throw refused(addon, 'it is linked with musl, the machine has glibc')
  const missing = [...listing.matchAll(/^\s*(\S+) => not found$/gm)].map((match) => match[1])
  if (missing.length > 0) throw refused(addon, `this host lacks its shared libraries ${missing.join(', ')}`)
  return [...listing.matchAll(/^\s*(\S+) => (\/\S+) \(0x[0-9a-f]+\)$/gm)]
    .filter((match) => !inRuntime.test(match[1] ?? ''))
    .map((match) => match[2] ?? '')
}

function refused(addon: Addon, reason: string): UserError {
  return new UserError(
    `the native addon ${addon.name} of ${addon.package} cannot run in the machine: ${reason}`,
    {
      hint: `reinstall it on an x86-64 glibc Linux: rm -rf node_modules/${addon.package} && npm install\nor build it from source: npm rebuild ${addon.package} --build-from-source`,
    },
  )
}
