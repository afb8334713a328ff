import { UserError } from '../../config/lib/errors.ts'
import type { Artefact } from '../pipeline/artefact.ts'
import { hashText } from '../../config/lib/hash.ts'
import type { FormatInput } from './format.ts'

/** One of the parts that an image is made of. */
export function part({ artefacts }: FormatInput, name: string): Artefact {
  const found = artefacts.get(name)
  if (found === undefined) throw new UserError(`the build did not produce ${name}`, { hint: 'npm run build' })
  return found
}

/** Hash of everything that an image is made of. */
export function hashOfParts(input: FormatInput): string {
  return hashText(
    ['kernel/vmlinuz', 'runtime', 'app'].map((name) => part(input, name).sha256).join(' ') +
      input.config.kernel.cmdline,
  )
}

/** What an image was made from, for its record. */
export function inputsOf(input: FormatInput): Record<string, string> {
  return Object.fromEntries(
    ['kernel/vmlinuz', 'runtime', 'app'].map((name) => [name, part(input, name).sha256]),
  )
}
