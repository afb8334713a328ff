/**
 * Share of the machine's memory that the heap of one Node process may take, in percent.
 * What is left holds the kernel, Node itself, buffers outside the heap and the page cache: about 40 MB
 * and as much again as the heap. A primary only supervises; the workers share.
 */
export function heapPercentage(workers: number): number {
  return Math.max(5, Math.floor(60 / workers))
}

/**
 * V8's options for a young generation that a server's garbage fits in: it is collected less often, and each collection
 * visits all that V8 has compiled. Up to three times the size is taken, when there is garbage for it; V8's own choice
 * for a small heap is 1 MiB.
 *
 * @param memory of the machine in MiB
 */
export function youngGeneration(memory: number, workers: number): string[] {
  const size = Math.min(16, Math.max(1, Math.floor(memory / 32 / workers)))
  return [`--min-semi-space-size=${size}`, `--max-semi-space-size=${size}`]
}

/** Heap of a node:cluster primary, in percent of the machine's memory. */
export const primaryHeapPercentage = 10
