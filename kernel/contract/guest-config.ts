/** The part of `config/system.json` that the system layer reads in the machine: `guestPaths.config`. */
export interface GuestConfig {
  hostname: string
  app: {
    entry: string
    nodeOptions: string[]
    processes: number | 'auto'
    writable: Record<string, 'tmp' | 'data'>
  }
  ports: { guest: number; host?: number; protocol: 'tcp' | 'udp' }[]
  network: NetworkConfig
  health: { path: string; port?: number; timeout: number }
  metrics: { port?: number; path: string }
  logs: { forward?: string; buffer: number }
  restart: RestartConfig
}

/** Finds the first TCP port, the one that the app reads from PORT. */
export function firstPort({ ports }: Pick<GuestConfig, 'ports'>): number | undefined {
  return ports.find(({ protocol }) => protocol === 'tcp')?.guest
}

/** Finds the port of the health check: `health.port`, else the first TCP port. */
export function healthPort({ health, ports }: Pick<GuestConfig, 'health' | 'ports'>): number | undefined {
  return health.port ?? firstPort({ ports })
}

export interface NetworkConfig {
  mode: 'dhcp' | 'static' | 'none'
  interface: string
  /** IPv4 address and prefix length; static only. */
  address?: string
  gateway?: string
  dns: readonly string[]
  search: readonly string[]
  ntp: readonly string[]
  mtu?: number
  ipv6: 'auto' | 'off'
}

/** What init and the cluster primary do when a process exits. */
export interface RestartConfig {
  exitZero: 'restart' | 'poweroff'
  backoffInitial: number
  backoffMax: number
  crashLoopCount: number
  crashLoopWindow: number
  drainTimeout: number
}

/** Selects the keys that the machine reads. */
export function guestConfig(config: GuestConfig): GuestConfig {
  const { hostname, app, ports, network, health, metrics, logs, restart } = config
  const { entry, nodeOptions, processes, writable } = app
  return {
    hostname,
    app: { entry, nodeOptions, processes, writable },
    ports,
    network,
    health,
    metrics,
    logs,
    restart,
  }
}
