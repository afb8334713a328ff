/** Whole milliseconds, as timers and native functions want them: 16.1 s are 16100.000000000002 ms. */
export function milliseconds(seconds: number): number {
  return Math.ceil(seconds * 1000)
}
