import { mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describeFile, type Artefact } from '../pipeline/artefact.ts'
import { progress } from '../../config/lib/log.ts'
import { formatBytes } from '../../config/lib/units.ts'
import type { FormatInput } from './format.ts'
import { inputsOf } from './part.ts'

/** Makes an image aside and puts it at its place when it is finished; `make` gets its path and a folder to work in. */
export async function writeWhole(
  input: FormatInput,
  file: string,
  make: (path: string, work: string) => Promise<void>,
): Promise<Artefact> {
  const work = await mkdtemp(join(input.out, '.unfinished-image-'))
  const line = progress(`Image ${file}`)
  try {
    const path = join(work, file)
    await make(path, work)
    await rename(path, join(input.out, file))
    const artefact = await describeFile(`image/${file}`, join(input.out, file), inputsOf(input))
    line.done(formatBytes(artefact.bytes))
    return artefact
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
