import { readFileSync, statfsSync, statSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import type { Metric } from '../../kit/metrics.ts'
import { uptime } from '../event.ts'
import type { Workers } from '../primary.ts'

type Sample = [labels: Record<string, string>, value: number]

/** Fields of a line of /proc/stat, in hundredths of a second. */
const modes = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const
const ticks = 100

/** Columns of /proc/net/dev with the names of their metrics. */
const counters = [
  [0, 'receive_bytes'],
  [1, 'receive_packets'],
  [2, 'receive_errs'],
  [3, 'receive_drop'],
  [8, 'transmit_bytes'],
  [9, 'transmit_packets'],
  [10, 'transmit_errs'],
  [11, 'transmit_drop'],
] as const

const memory = ['MemTotal', 'MemFree', 'MemAvailable', 'Cached', 'Slab'] as const

/** Reads the machine's metrics, under the names of node_exporter so that its dashboards work, and NodeOS's own. */
export function machineMetrics({
  workers,
  starts,
}: {
  workers: Workers | undefined
  starts: number
}): Metric[] {
  return [
    gauge('node_boot_time_seconds', 'Power-on, in seconds since 1970.', Date.now() / 1000 - uptime()),
    gauge('node_load1', 'Load average over a minute.', loadavg()[0] ?? 0),
    cpuSeconds(readFileSync('/proc/stat', 'utf8')),
    ...memoryBytes(readFileSync('/proc/meminfo', 'utf8')),
    ...networkCounters(readFileSync('/proc/net/dev', 'utf8')),
    ...filesystems(['/tmp', '/run', ...(isMounted('/data') ? ['/data'] : [])]),
    metric('nodeos_info', 'gauge', 'Version of Node.', [[{ node: process.versions.node }, 1]]),
    gauge('nodeos_cpus', 'CPUs of the machine.', availableParallelism()),
    gauge('nodeos_processes', 'Processes that run the app.', workers?.list().length ?? 1),
    metric(
      'nodeos_restarts_total',
      'counter',
      'Starts of the app after the first one, by what was started again.',
      [
        [{ what: 'node' }, starts - 1],
        [{ what: 'worker' }, workers?.restarts() ?? 0],
      ],
    ),
  ]
}

export function cpuSeconds(stat: string): Metric {
  const samples = [...stat.matchAll(/^cpu(\d+) (.+)$/gm)].flatMap(([, cpu = '', fields = '']) => {
    const values = fields.split(' ').map(Number)
    return modes.map((mode, index): Sample => [{ cpu, mode }, (values[index] ?? 0) / ticks])
  })
  return metric('node_cpu_seconds_total', 'counter', 'Seconds that CPUs have spent, by what on.', samples)
}

export function memoryBytes(meminfo: string): Metric[] {
  return memory.map((name) => {
    const [, kibibytes = 0] = new RegExp(`^${name}: *(\\d+) kB$`, 'm').exec(meminfo) ?? []
    return gauge(`node_memory_${name}_bytes`, `${name} of /proc/meminfo.`, Number(kibibytes) * 1024)
  })
}

export function networkCounters(dev: string): Metric[] {
  const devices = [...dev.matchAll(/^ *([^ :]+): *(.+)$/gm)].map(([, device = '', fields = '']) => ({
    device,
    fields: fields.trim().split(/ +/).map(Number),
  }))
  return counters.map(([column, name]) =>
    metric(
      `node_network_${name}_total`,
      'counter',
      `${name.replace('_', ': ')}.`,
      devices.map(({ device, fields }): Sample => [{ device }, fields[column] ?? 0]),
    ),
  )
}

/** Whether a folder is on another device than the root. */
function isMounted(folder: string): boolean {
  const stat = statSync(folder, { throwIfNoEntry: false })
  return stat !== undefined && stat.dev !== statSync('/').dev
}

function filesystems(mountpoints: string[]): Metric[] {
  const all = mountpoints.map((mountpoint) => ({ mountpoint, stat: statfsSync(mountpoint) }))
  return [
    metric(
      'node_filesystem_size_bytes',
      'gauge',
      'Bytes of a file system.',
      all.map(({ mountpoint, stat }) => [{ mountpoint }, stat.blocks * stat.bsize]),
    ),
    metric(
      'node_filesystem_avail_bytes',
      'gauge',
      'Bytes that are free in it.',
      all.map(({ mountpoint, stat }) => [{ mountpoint }, stat.bavail * stat.bsize]),
    ),
  ]
}

function gauge(name: string, help: string, value: number): Metric {
  return metric(name, 'gauge', help, [[{}, value]])
}

function metric(name: string, type: 'counter' | 'gauge', help: string, samples: Sample[]): Metric {
  const values = samples.map(([labels, value]) => ({ labels, value }))
  return { name, help, type, values, aggregator: 'sum' }
}
