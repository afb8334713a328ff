/**
 * Share of the machine's memory that the heap of one Node process may take, in percent.
 * What is left holds the kernel, Node itself, buffers outside the heap and the page cache: about 40 MB
 * and as much again as the heap. A primary only supervises; the workers share.
 */
export function heapPercentage(workers: number): number {
  return Math.max(5, Math.floor(60 / workers))
}

/** Heap of a node:cluster primary, in percent of the machine's memory. */
export const primaryHeapPercentage = 10
