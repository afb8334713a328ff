/** mtools, xorriso and syslinux take their time from SOURCE_DATE_EPOCH: the same in every build. */
export function withFixedTime<T>(work: () => Promise<T>): Promise<T> {
  process.env['SOURCE_DATE_EPOCH'] ??= '1577836800'
  process.env['TZ'] = 'UTC'
  return work()
}
