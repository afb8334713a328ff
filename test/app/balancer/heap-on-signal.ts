/** Loaded before the app: says on SIGUSR2 how much of the heap is in use once what nobody needs is collected. */
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  process.stdout.write(`heap in use: ${process.memoryUsage().heapUsed}\n`)
})
