import { rename, writeFile } from 'node:fs/promises'

/** Writes a file, all of it or nothing: a host that loses its power has what was there before, or this. */
export async function writeWhole(file: string, text: string, mode = 0o666): Promise<void> {
  await writeFile(`${file}.unfinished`, text, { mode, flush: true })
  await rename(`${file}.unfinished`, file)
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeWhole(file, `${JSON.stringify(value, null, 2)}\n`)
}
