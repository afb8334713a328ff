import { countBoot, type Counted, medianRun } from '../count.ts'
import type { Figure, Measure } from '../figures.ts'
import type { Stage } from '../machine.ts'
import { releaseGuest } from '../guest.ts'

/** The reference machine: 1 vCPU, 256 MiB, vmlinux by direct boot. */
const memory = 256

/** Where the request may begin: earlier ones would cost the guest a refusal each. */
export const listening = /"event":"app\.listening"/

export const boot: Measure = {
  name: 'boot',
  summary:
    'boot: guest instructions and seconds from power-on to the first 200 response, by stage and by CPU mode',
  async run({ release, runs }) {
    const guest = releaseGuest(release, { memory })
    const counted: Counted[] = []
    for (let run = 0; run < runs; run++) {
      counted.push(await countBoot(guest, { path: release.manifest.system.health.path, ready: listening }))
    }
    return bootFigures(medianRun(counted), release.manifest.system.image.compression)
  },
}

/** The figures of one counted boot. */
export function bootFigures({ counters, seconds, stages }: Counted, compression = 'none'): Figure[] {
  const label = 'boot: power-on to first 200 response'
  const instructions = 'instructions' as const
  const { kernel, runtime } = boundaries(stages)
  return [
    {
      id: 'boot.total',
      label,
      value: counters.total,
      unit: instructions,
      ...(compression === 'none' ? { target: 0.26e9 } : {}),
    },
    { id: 'boot.stage.kernel', label: '  until init starts', value: kernel, unit: instructions },
    {
      id: 'boot.stage.runtime',
      label: '  until the network is up',
      value: runtime - kernel,
      unit: instructions,
    },
    {
      id: 'boot.stage.app',
      label: '  until the first 200 response',
      value: counters.total - runtime,
      unit: instructions,
    },
    { id: 'boot.firmware', label: '  in firmware', value: counters.firmware, unit: instructions },
    {
      id: 'boot.kernel',
      label: '  in the kernel',
      value: counters.loader + counters.kernel,
      unit: instructions,
    },
    { id: 'boot.user', label: '  in user mode', value: counters.user, unit: instructions },
    { id: 'boot.seconds', label, value: seconds, unit: 'seconds' },
  ]
}

/** Instructions executed when init took over, and when the system layer was done and the app began. */
function boundaries(stages: Stage[]): { kernel: number; runtime: number } {
  const at = (...events: string[]): number | undefined =>
    stages.findLast(({ event }) => events.includes(event))?.counters.total
  const kernel = at('init.started') ?? 0
  return { kernel, runtime: at('node.started', 'network.up') ?? kernel }
}
