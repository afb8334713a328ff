import { readFileSync } from 'node:fs'
import { type GuestConfig, guestPaths, startVariable } from '../../config/guest.ts'
import { loadNative } from '../native/binding.ts'
import { drainOnTerminate } from './drain.ts'
import { emit } from './event.ts'
import { awaitHealth } from './health.ts'
import { readInstance } from './instance.ts'
import { bringUp } from './network/network.ts'
import { cluster, onWorkersListening, runWorkers } from './primary.ts'
import { watchServers } from './servers.ts'
import { hookModules } from './modules.ts'

const nativePath = '/nodeos/native.node'

/**
 * The system layer. PID 1 starts Node with it loaded before the app; with several processes it is the main
 * program and the app runs in its workers. Workers, threads and forks of the app load it too, by inheritance:
 * PID 1 marks its own child, and only that one does the machine's work.
 */
const isMachine = process.env[startVariable] !== undefined
delete process.env[startVariable]

hookModules()
if (isMachine) await runMachine()
else if (process.send !== undefined && cluster().isWorker) runWorker()

async function runMachine(): Promise<void> {
  const config = JSON.parse(readFileSync(guestPaths.config, 'utf8')) as GuestConfig
  const instance = readInstance()
  Object.assign(process.env, instance.env)
  emit('node', 'node.started', {
    version: process.versions.node,
    pid: process.pid,
    ...(Object.keys(instance.env).length > 0 ? { env: Object.keys(instance.env) } : {}),
  })
  await startNetwork(config, instance.hostname)
  const onListening = healthOnce(config)
  if (config.app.processes === 1) {
    watchServers((server) => {
      const address = server.address()
      onListening(typeof address === 'object' && address !== null ? address.port : undefined)
    })
    drainOnTerminate()
  } else {
    onWorkersListening(onListening)
    runWorkers(config)
  }
}

/** A cluster worker drains by itself; what else it is told comes from its primary. */
function runWorker(): void {
  watchServers(() => undefined)
  drainOnTerminate()
}

/** A machine whose network fails is better diagnosed with its app running. */
async function startNetwork(config: GuestConfig, hostname: string | undefined): Promise<void> {
  try {
    await bringUp(config.network, loadNative(nativePath), emit, {
      hostname: hostname ?? config.hostname,
      hostnameFixed: hostname !== undefined,
    })
  } catch (error) {
    emit('network', 'network.failed', { error: error instanceof Error ? error.message : String(error) })
  }
}

/** Prints each port that the app listens on; the health check begins with its own. */
function healthOnce({ health, ports }: GuestConfig): (port: number | undefined) => void {
  const checked = health.port ?? ports.find(({ protocol }) => protocol === 'tcp')?.guest
  let asked = false
  return (port) => {
    emit('app', 'app.listening', port === undefined ? {} : { port })
    if (asked || checked === undefined || port !== checked) return
    asked = true
    void awaitHealth({ path: health.path, port: checked, timeout: health.timeout })
  }
}
