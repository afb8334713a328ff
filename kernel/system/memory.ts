/**
 * Makes `process.availableMemory()` and `process.constrainedMemory()` report the machine's memory. libuv reads both
 * from control groups, which the kernel of a machine with one app does not have, and would report 0.
 */
export function reportMemory(): void {
  process.availableMemory = () => os().freemem()
  process.constrainedMemory = () => os().totalmem()
}

/** Loaded when first needed. */
function os(): typeof import('node:os') {
  return process.getBuiltinModule('node:os')
}
