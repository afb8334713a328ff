import { type Counted, countUntilExit, medianRun } from '../count.ts'
import type { Figure, Measure } from '../figures.ts'
import { artefact, offImage } from '../guest.ts'
import { artefactPath } from '../../../deploy/release/dist.ts'

const kernels = [
  { name: 'vmlinux', target: 0.1e9 },
  { name: 'vmlinuz', target: 0.25e9, bytes: 2.6e6 },
]

export const kernel: Measure = {
  name: 'kernel',
  summary:
    'the kernel alone: guest instructions from power-on to power-off, with an init that powers off at once; its size',
  async run({ release, runs }) {
    const figures: Figure[] = []
    for (const { name, target, bytes } of kernels) {
      const guest = {
        kernel: artefactPath(release, `kernel/${name}`),
        append: 'root=/dev/vda ro init=/init console=ttyS0 quiet panic=-1',
        disks: [offImage()],
      }
      const counted: Counted[] = []
      for (let run = 0; run < runs; run++) counted.push(await countUntilExit(guest))
      figures.push({
        id: `kernel.${name}`,
        label: `kernel alone, ${name}`,
        value: medianRun(counted).counters.total,
        unit: 'instructions',
        target,
      })
      figures.push({
        id: `bytes.${name}`,
        label: `size of ${name}`,
        value: artefact(release, `kernel/${name}`).bytes,
        unit: 'bytes',
        ...(bytes === undefined ? {} : { target: bytes }),
      })
    }
    return figures
  },
}
