import { http } from './http.ts'
import type { Record } from './record.ts'
import { syslogStream, syslogUdp } from './syslog.ts'

/** Sends records; resolves when they are out of our hands. @throws when it is worth another try, or {@link Refused} */
export type Collector = (records: Record[]) => Promise<void>

/** The collector does not want these, and would not later. */
export class Refused extends Error {}

/** The way to a collector. Nothing is connected before there is something to send. */
export function collectorOf(url: URL, hostname: string): Collector {
  switch (url.protocol) {
    case 'syslog+udp:':
      return syslogUdp(url, hostname)
    case 'syslog+tcp:':
    case 'syslog+tls:':
      return syslogStream(url, hostname)
    default:
      return http(url, hostname)
  }
}
