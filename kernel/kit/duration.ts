/** Converts seconds to whole milliseconds, as timers and native functions need them: 16.1 * 1000 is 16100.000000000002. */
export function milliseconds(seconds: number): number {
  return Math.ceil(seconds * 1000)
}
