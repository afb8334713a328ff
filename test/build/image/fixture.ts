import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type FormatInput, loadFormat } from '../../../build/image/format.ts'
import { describeFile } from '../../../build/pipeline/record.ts'
import { loadConfig } from '../../../config/load.ts'
import { folderOf } from '../../lib/release.ts'

/** Bytes that no tool can compress or take for something else, always the same. */
export function noise(seed: string, bytes: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, index) =>
    createHash('sha256').update(`${seed} ${index}`).digest(),
  )
  return Buffer.concat(blocks).subarray(0, bytes)
}

/** Content of the parts: as large as what is real is small, in sizes that fill no block. */
export const parts = {
  'kernel/vmlinuz': noise('kernel', 2_500_001),
  runtime: noise('runtime', 3 * 1024 * 1024 + 4096),
  app: noise('app', 300 * 1024),
}

/** The input of a format. */
export async function makeInput(t: Test, contents: Record<string, Buffer> = parts): Promise<FormatInput> {
  const out = folderOf(t)
  mkdirSync(join(out, 'kernel'))
  const artefacts = new Map()
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(join(out, name), content)
    artefacts.set(name, await describeFile(name, join(out, name), {}))
  }
  const config = await loadConfig({
    root: folderOf(t, { 'config/system.json': '{}', 'app/index.ts': '' }),
    env: {},
  })
  return { config, artefacts, out }
}

/** Assembles an image of those parts. @returns its file */
export async function assemble(t: Test, name: string): Promise<string> {
  const format = await loadFormat(name)
  const [image] = await format.assemble(await makeInput(t))
  if (image === undefined) throw new Error(`${name} assembled nothing`)
  return image.path
}

/** Checks an image with a tool that did not make it. @throws when it finds a fault or is missing */
export function ask(program: string, ...argv: string[]): string {
  const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
  return execFileSync(program, argv, { encoding: 'utf8', env: { ...process.env, PATH, LC_ALL: 'C' } })
}

/** The same of content that is no text. */
export function read(program: string, ...argv: string[]): Buffer {
  return execFileSync(program, argv, { maxBuffer: 64 * 1024 * 1024 })
}

export const sizeOf = (path: string): number => statSync(path).size
