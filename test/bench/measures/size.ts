import type { Figure, Measure } from '../figures.ts'
import { artefact } from '../guest.ts'

const runtimeTargets: Record<string, number> = { none: 86e6, lz4: 38e6, xz: 23e6 }

export const size: Measure = {
  name: 'size',
  summary: 'sizes of the layers, and of everything that a direct boot needs',
  run({ release }) {
    const { compression } = release.manifest.system.image
    const runtime = artefact(release, 'runtime').bytes
    const app = artefact(release, 'app').bytes
    const kernel = artefact(release, 'kernel/vmlinuz').bytes
    const target = runtimeTargets[compression]
    const figures: Figure[] = [
      {
        id: 'bytes.runtime',
        label: `runtime layer (${compression})`,
        value: runtime,
        unit: 'bytes',
        ...(target === undefined ? {} : { target }),
      },
      { id: 'bytes.app', label: `app layer (${compression})`, value: app, unit: 'bytes', target: 2e6 },
      {
        id: 'bytes.image',
        label: 'vmlinuz and both layers',
        value: kernel + runtime + app,
        unit: 'bytes',
      },
    ]
    return Promise.resolve(figures)
  },
}
