import { chunkBytes } from '../../contract/control.ts'

/** Large data in parts that fit in a line each, as base64. */
export function* chunksOf(data: Uint8Array): Generator<string> {
  for (let from = 0; from < data.length; from += chunkBytes) {
    yield Buffer.from(data.subarray(from, from + chunkBytes)).toString('base64')
  }
}
