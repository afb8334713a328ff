import t from 'tap'
import { nearest } from '../../config/explain.ts'

t.equal(nearest('memroy', ['cpus', 'memory', 'arch']), 'memory')
t.equal(nearest('LZ4', ['zstd', 'lz4']), 'lz4', 'the case does not matter')
t.equal(nearest('xy', ['memory', 'hostname']), undefined)
t.equal(nearest('NODEOS_MACHINE_MEM', ['NODEOS_MACHINE_MEMORY', 'NODEOS_HOSTNAME']), 'NODEOS_MACHINE_MEMORY')
t.equal(nearest('a', []), undefined)
