import type { Format } from '../image/format.ts'

/** The hypervisor starts the kernel itself and gets the layers as disks: nothing to assemble. */
const direct: Format = {
  summary: 'the kernel and the layers, for hypervisors that boot a kernel themselves',
  fragments: [],
  layers: 'plain',
  tools: [],
  boots: [],
  assemble: () => Promise.resolve([]),
}

export default direct
