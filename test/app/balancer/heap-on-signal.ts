/** Loaded before the app: prints the heap in use after a garbage collection, on SIGUSR2. */
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  process.stdout.write(`heap in use: ${process.memoryUsage().heapUsed}\n`)
})
