import type { DataDisk } from '../data/disk.ts'
import type { ReleaseStore } from '../release/store.ts'
import { isHealthy } from '../qemu/health.ts'
import { isRunning } from '../../config/lib/process.ts'
import { residentBytes } from '../qemu/machine.ts'
import type { Report } from '../target.ts'
import { describeLimits, limitsOfProcess } from './limits.ts'
import type { State } from './state.ts'

const notRunning = 3

/** Reports an appliance, for `npm run deploy:status` and `npm run host -- status`. */
export async function statusOf(
  name: string,
  state: State,
  store: ReleaseStore,
  disk: DataDisk,
): Promise<Report> {
  const { current, previous, restarts, stopped } = state
  if (current === undefined || stopped === true || !isRunning(current)) {
    const text = current === undefined ? 'no release is deployed' : stopped === true ? 'stopped' : 'down'
    return { text: `${name}: ${text}`, data: { name, running: false }, status: notRunning }
  }
  const kept = await store.get(current.number)
  const healthy = current.health === undefined ? undefined : await isHealthy(current.health)
  const health = healthy === undefined ? 'no health check' : healthy ? 'healthy' : 'unhealthy'
  const ports = current.published.map(({ port, protocol }) => ({ port, protocol }))
  const rss = residentBytes(current.pid)
  const hasData = await disk.exists()
  const limits = limitsOfProcess(current.pid)
  const { app, source } = kept?.manifest ?? {}
  return {
    text: [
      `${name} serves release ${current.number}: ${health}`,
      `  app      ${app ?? 'unknown'}, source ${source?.commit?.slice(0, 12) ?? 'unknown'}${source?.dirty === true ? ' with changes' : ''}`,
      `  ports    ${ports.map(({ port, protocol }) => `${port}/${protocol}`).join(', ') || 'none'}`,
      `  memory   ${(rss / 2 ** 20).toFixed(0)} MiB on the host, ${current.memory} MiB in the machine`,
      `  limits   ${describeLimits(limits)}`,
      `  process  ${current.pid} (${current.accelerator}), ${restarts} restarts`,
      ...(hasData ? [`  data     ${await disk.describe()}`] : []),
    ].join('\n'),
    data: {
      name,
      running: true,
      healthy,
      number: current.number,
      previous,
      app,
      source,
      ports,
      rss,
      limits,
      restarts,
      pid: current.pid,
      ...(hasData ? { data: { file: disk.file, ...disk.sizes(), snapshots: await disk.snapshots() } } : {}),
    },
  }
}
