import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SystemConfig } from '../../config/system.types.ts'
import { UserError } from '../../config/lib/errors.ts'
import { root } from '../../config/lib/paths.ts'
import type { Compression } from '../pipeline/pack.ts'

/** A piece of kernel configuration and what stands in it. */
export interface Fragment {
  name: string
  text: string
}

/** A line that a fragment asks for. */
export interface Request {
  fragment: string
  option: string
  /** `y`, `n`, a number or a quoted string, as Kconfig writes it. */
  value: string
}

const always = ['base', 'node', 'net', 'virtio', 'trim'] as const

/**
 * Names of the fragments that a machine's configuration takes, in the order in which they apply.
 *
 * @param compression of the layers: see `layerCompression`
 * @param formats what its image formats ask for: see `formatFragments`
 */
export function fragmentNames(
  config: Pick<SystemConfig, 'kernel' | 'data'>,
  compression: Compression,
  formats: readonly string[] = [],
): string[] {
  const names = [
    ...always,
    compression,
    ...config.kernel.platforms.map((platform) => `platform-${platform}`),
    ...formats,
    ...(config.data === undefined ? [] : ['data']),
    ...(config.kernel.mitigations ? ['mitigations'] : []),
    ...config.kernel.fragments,
  ]
  return [...new Set(names)]
}

/** Reads fragments by name from `kernel/config/`. */
export async function readFragments(
  names: string[],
  folder = join(root, 'kernel/config'),
): Promise<Fragment[]> {
  return Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(folder, `${name}.config`), 'utf8') })),
  )
}

/**
 * Returns the options that the fragments set; the last one to name an option wins: a later fragment may take
 * back what an earlier one set.
 *
 * @throws {UserError} naming fragment and line of what is neither a setting nor a comment
 */
export function requests(fragments: Fragment[]): Request[] {
  const byOption = new Map<string, Request>()
  for (const { name, text } of fragments) {
    text.split('\n').forEach((line, index) => {
      if (line.trim() === '' || line.startsWith('#')) return
      const match = /^(CONFIG_[A-Z0-9_]+)=(y|n|-?\d+|0x[0-9a-f]+|"[^"]*")$/i.exec(line.trimEnd())
      if (match?.[1] === undefined || match[2] === undefined) {
        throw new UserError(`kernel/config/${name}.config:${index + 1}: not a kernel setting: ${line}`, {
          hint: 'write CONFIG_NAME=y, =n, =number or ="text"; modules (=m) are not supported',
        })
      }
      byOption.set(match[1], { fragment: name, option: match[1], value: match[2] })
    })
  }
  return [...byOption.values()]
}

/** Returns the lines to append to a `.config` before `make olddefconfig`. */
export function configLines(wanted: Request[]): string {
  return wanted
    .map(({ option, value }) => (value === 'n' ? `# ${option} is not set` : `${option}=${value}`))
    .map((line) => `${line}\n`)
    .join('')
}

/**
 * Checks that every requested line stands in the final configuration. Kconfig drops silently
 * what a missing dependency forbids, and sets silently what another option selects.
 *
 * @throws {UserError} listing requested, actual and fragment of every line that did not survive
 */
export function verifySurvival(wanted: Request[], finalConfig: string): void {
  const actual = new Map<string, string>()
  for (const line of finalConfig.split('\n')) {
    const match = /^(CONFIG_[A-Z0-9_]+)=(.*)$/.exec(line)
    if (match?.[1] !== undefined && match[2] !== undefined) actual.set(match[1], match[2])
  }
  const lost = wanted.filter(({ option, value }) => (actual.get(option) ?? 'n') !== value)
  if (lost.length === 0) return
  const rows = lost.map(
    ({ option, value, fragment }) =>
      `${option}: requested ${value}, is ${actual.get(option) ?? 'n'}   (kernel/config/${fragment}.config)`,
  )
  throw new UserError(`Kconfig did not keep ${lost.length} requested kernel settings`, {
    hint: `${rows.join('\n')}\n\na dependency is missing or another option selects it: see the option's Kconfig entry`,
  })
}
