/**
 * Returns the share of the machine's memory that the heap of one Node process may use, in percent.
 * The rest is for the kernel, Node itself, buffers outside the heap and the page cache: about 40 MB
 * plus as much as the heap. Workers share the percentage; the primary has its own.
 */
export function heapPercentage(workers: number): number {
  return Math.max(5, Math.floor(60 / workers))
}

/**
 * Returns V8's options for a young generation that fits the garbage of a server. A larger one is collected less
 * often, and each collection visits all compiled code. V8 uses up to three times the size; its own default for a
 * small heap is 1 MiB.
 *
 * @param memory of the machine in MiB
 */
export function youngGeneration(memory: number, workers: number): string[] {
  const size = Math.min(16, Math.max(1, Math.floor(memory / 32 / workers)))
  return [`--min-semi-space-size=${size}`, `--max-semi-space-size=${size}`]
}

/** Heap of a node:cluster primary, in percent of the machine's memory. */
export const primaryHeapPercentage = 10

/**
 * Returns Node options that write a diagnostic report on fatal errors. Reports exclude the environment, which may
 * hold secrets, and sockets, whose names Node would look up in the DNS.
 */
export function reportOptions(folder: string): string[] {
  return [
    '--report-on-fatalerror',
    '--report-uncaught-exception',
    `--report-directory=${folder}`,
    '--report-compact',
    '--report-exclude-env',
    '--report-exclude-network',
  ]
}
