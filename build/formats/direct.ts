import type { Format } from '../format.ts'

/** The hypervisor starts the kernel itself and gets the layers as disks: nothing to assemble. */
const direct: Format = {
  summary: 'kernel and layers as they are, started by the hypervisor',
  fragments: [],
  tools: [],
  boots: [],
  assemble: () => Promise.resolve([]),
}

export default direct
