import { createSocket } from 'node:dgram'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import type { PortForward } from './command.ts'

/** Added to ports below 1024 where only root may listen on them: 80 becomes 8080. */
const unprivileged = 8000

/**
 * Checks that this host can listen on every port.
 *
 * @param own whether the machine that will be replaced uses the port
 * @throws {UserError} naming the program that uses a port, and `ports` that work
 */
export async function requireFreePorts(
  ports: readonly PortForward[],
  bind: string,
  own: (port: PortForward) => boolean = () => false,
): Promise<void> {
  const problems: string[] = []
  const better = ports.map((port) => ({ ...port }))
  for (const port of better) {
    if (own(port)) continue
    const { host, protocol } = port
    const problem = await portProblem(port, bind)
    if (problem === undefined) continue
    problems.push(problem)
    const taken = better.filter((other) => other.protocol === protocol).map((other) => other.host)
    port.host = await nextFreePort(host < 1024 ? host + unprivileged : host + 1, protocol, bind, taken)
  }
  if (problems.length === 0) return
  throw new UserError(problems.join('\n'), {
    hint: `set these ports in config/local.json (the list replaces the one in config/system.json):\n"ports": ${portsSetting(better)}\nthen: npm run build && npm run deploy`,
  })
}

/**
 * Returns why this host cannot listen on a port; undefined if it can.
 *
 * @throws {UserError} if the address does not belong to this host
 */
export async function portProblem(
  { host, protocol }: Pick<PortForward, 'host' | 'protocol'>,
  bind: string,
): Promise<string | undefined> {
  const error = await tryPort(host, protocol, bind)
  if (error === undefined) return undefined
  if (error === 'EADDRNOTAVAIL') throw notHere(bind)
  if (error === 'EACCES') return `host port ${host}: only root may listen on ports below 1024`
  return `host port ${host} ${error === 'EADDRINUSE' ? `is already in use by ${portHolder(host, protocol)}` : `cannot be used: ${error}`}`
}

function notHere(bind: string): UserError {
  return new UserError(`deploy.options.bind: ${bind} is not an address of this host`, {
    hint: 'use 127.0.0.1 for this host only, or 0.0.0.0 to include the network; then npm run build',
  })
}

/** Formats ports for the configuration, where TCP is the default. */
function portsSetting(ports: readonly PortForward[]): string {
  const entries = ports.map(({ guest, host, protocol }) => {
    const udp = protocol === 'udp' ? ', "protocol": "udp"' : ''
    return `{ "guest": ${guest}, "host": ${host}${udp} }`
  })
  return `[${entries.join(', ')}]`
}

/**
 * Returns the first free port from `from` on.
 *
 * @param taken ports to skip, whether or not something listens on them
 */
export async function nextFreePort(
  from: number,
  protocol: 'tcp' | 'udp',
  bind: string,
  taken: readonly number[] = [],
): Promise<number> {
  for (let port = from; port <= 65_535; port++) {
    if (taken.includes(port)) continue
    const error = await tryPort(port, protocol, bind)
    if (error === undefined) return port
    if (error === 'EADDRNOTAVAIL') throw notHere(bind)
  }
  throw new UserError(`no free ${protocol} port from ${from} to 65535 on ${bind}`)
}

/** Listens on a port for a moment. @returns the code of the error if that fails */
function tryPort(port: number, protocol: 'tcp' | 'udp', bind: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const refused = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message)
    if (protocol === 'udp') {
      const socket = createSocket(bind.includes(':') ? 'udp6' : 'udp4')
      socket.on('error', refused).bind({ port, address: bind, exclusive: true }, () => {
        socket.close(() => resolve(undefined))
      })
      return
    }
    const server = createServer()
    server.on('error', refused).listen({ port, host: bind, exclusive: true }, () => {
      server.close(() => resolve(undefined))
    })
  })
}

/** Returns the program that listens on a port, as far as this user may see it: `nginx (pid 4711)`. */
export function portHolder(port: number, protocol: 'tcp' | 'udp'): string {
  const inodes = new Set([protocol, `${protocol}6`].flatMap((table) => listeningInodes(table, port)))
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (socketsOf(pid).some((inode) => inodes.has(inode))) return `${programOf(pid)} (pid ${pid})`
  }
  return 'a program of another user'
}

function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return read(`/proc/net/${table}`)
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[2]?.endsWith(':0000') === true)
    .map((fields) => fields[9] ?? '')
}

function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? []
        return inode === undefined ? [] : [inode]
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

function programOf(pid: string): string {
  const [program = ''] = read(`/proc/${pid}/cmdline`).split('\0')
  return basename(program) || 'a program'
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
