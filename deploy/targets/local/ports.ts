import { createSocket } from 'node:dgram'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename } from 'node:path'
import { UserError } from '../../../build/lib/errors.ts'
import type { PortForward } from './qemu.ts'

/**
 * Checks that every host port can be listened on.
 *
 * @throws {UserError} saying what holds a port, and which one is free
 */
export async function requireFreePorts(ports: readonly PortForward[], address: string): Promise<void> {
  const problems: string[] = []
  for (const { host, guest, protocol, bind = address } of ports) {
    const error = await tryPort(host, protocol, bind)
    if (error === undefined) continue
    if (error === 'EACCES') {
      problems.push(
        `host port ${host}: ports below 1024 need root; use another one: { "guest": ${guest}, "host": ${host + 8000} }`,
      )
      continue
    }
    const holder =
      error === 'EADDRINUSE' ? `is taken by ${portHolder(host, protocol)}` : `cannot be used: ${error}`
    const free = await nextFreePort(host + 1, protocol, bind)
    problems.push(
      `host port ${host} ${holder}; ${free} is free: "ports": [{ "guest": ${guest}, "host": ${free} }] in config/local.json`,
    )
  }
  if (problems.length > 0) throw new UserError(problems.join('\n'))
}

/** The first port from `from` on that can be listened on. */
export async function nextFreePort(from: number, protocol: 'tcp' | 'udp', bind: string): Promise<number> {
  for (let port = from; port <= 65_535; port++) {
    if ((await tryPort(port, protocol, bind)) === undefined) return port
  }
  throw new UserError(`no ${protocol} port from ${from} on is free on ${bind}`)
}

/** Listens on a port for a moment; returns the error's code when that fails. */
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

/** Who listens on a port, as far as this user may know: `nginx (pid 4711)`. */
export function portHolder(port: number, protocol: 'tcp' | 'udp'): string {
  const inodes = new Set([protocol, `${protocol}6`].flatMap((table) => listeningInodes(table, port)))
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (socketsOf(pid).some((inode) => inodes.has(inode))) return `${programOf(pid)} (pid ${pid})`
  }
  return 'another user’s program'
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
