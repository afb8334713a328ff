import { existsSync, readdirSync } from 'node:fs'
import { BlockList } from 'node:net'
import { dirname, join, relative, sep } from 'node:path'
import { guestPaths, initConf } from './guest.ts'
import { type Problem, quote, suggest } from './explain.ts'
import { nearest } from './nearest.ts'
import { child } from './pointer.ts'
import type { ConfigFacts } from './check.ts'
import type { SystemConfig } from './system.types.ts'
import { zone } from './zone.ts'

/** Looks at parts of the configuration together; `reads` are the pointers that must be valid before. */
export interface Check {
  reads: string[]
  run(config: SystemConfig, facts: ConfigFacts): Problem[]
}

const arch: Check = {
  reads: ['/machine/arch'],
  run: ({ machine }) =>
    machine.arch === 'arm64'
      ? [{ pointer: '/machine/arch', text: 'found "arm64", which is not supported yet; allowed: "x64"' }]
      : [],
}

/** Only the local target runs the machine here; elsewhere it may be larger than this host. */
const memory: Check = {
  reads: ['/machine/memory', '/deploy/target'],
  run({ machine, deploy }, { totalMemory }) {
    const available = Math.floor(totalMemory / 2 ** 20)
    if (deploy.target !== 'local' || machine.memory <= available) return []
    const text = `found ${machine.memory}; this host has only ${available} MiB, and target "local" runs the machine here`
    return [{ pointer: '/machine/memory', text }]
  },
}

const entry: Check = {
  reads: ['/app/entry'],
  run({ app }, { root }) {
    const pointer = '/app/entry'
    if (/[\n\r\0]/.test(app.entry)) return []
    const path = join(root, app.entry)
    if (relative(root, path).split(sep)[0] === '..') {
      return [{ pointer, text: `found ${quote(app.entry)}, which is outside the repository` }]
    }
    if (existsSync(path)) return []
    const folder = dirname(path)
    const files = existsSync(folder) ? readdirSync(folder).map((name) => join(dirname(app.entry), name)) : []
    const meant = nearest(app.entry, files)
    const suggestion = meant === undefined ? '' : `; did you mean ${quote(meant)}?`
    return [{ pointer, text: `there is no file ${app.entry}${suggestion}` }]
  },
}

/** Arguments and environment reach the machine in a file of lines. */
const lines: Check = {
  reads: ['/app/entry', '/app/nodeOptions', '/app/env'],
  run({ app }) {
    const texts: [pointer: string, text: string][] = [
      ['/app/entry', app.entry],
      ...app.nodeOptions.map((option, index): [string, string] => [child('/app/nodeOptions', index), option]),
      ...Object.entries(app.env).map(([name, value]): [string, string] => [child('/app/env', name), value]),
    ]
    return texts
      .filter(([, text]) => /[\n\r\0]/.test(text))
      .map(([pointer]) => ({
        pointer,
        text: 'holds a line break or NUL, which cannot be carried into the machine: its settings are lines of text',
      }))
  },
}

const ports: Check = {
  reads: ['/ports'],
  run({ ports }) {
    const guest = repeated(
      ports.map((port) => `${port.guest}/${port.protocol}`),
      (index) => `/ports/${index}/guest`,
      'port in the machine',
    )
    const host = repeated(
      ports.map((port) => `${port.host ?? port.guest}/${port.protocol}`),
      (index) => (ports[index]?.host === undefined ? `/ports/${index}` : `/ports/${index}/host`),
      'port of the host',
    )
    // Without host ports, the second list repeats what the first has said.
    const said = new Set(guest.map(({ pointer }) => pointer.replace(/\/guest$/, '')))
    return [...guest, ...host.filter(({ pointer }) => !said.has(pointer))]
  },
}

function repeated(values: string[], pointer: (index: number) => string, what: string): Problem[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value)
    const text = `${what} ${value} is taken by /ports/${first} already`
    return first === index ? [] : [{ pointer: pointer(index), text }]
  })
}

const network: Check = {
  reads: ['/network/mode', '/network/address', '/network/gateway'],
  run({ network }) {
    const { mode, address, gateway } = network
    if (mode !== 'static') {
      return (['address', 'gateway'] as const)
        .filter((key) => network[key] !== undefined)
        .map((key) => ({
          pointer: `/network/${key}`,
          text: `is for network.mode "static" only, and it is "${mode}"`,
        }))
    }
    if (address === undefined) {
      const text = 'is missing: network.mode "static" needs one, such as 192.0.2.10/24'
      return [{ pointer: '/network/address', text }]
    }
    const [own = '', prefix] = address.split('/')
    const subnet = new BlockList()
    subnet.addSubnet(own, Number(prefix), 'ipv4')
    if (gateway === undefined || subnet.check(gateway, 'ipv4')) return []
    const text = `found ${quote(gateway)}, which is outside the subnet of network.address ${address}`
    return [{ pointer: '/network/gateway', text }]
  },
}

const reachable: Check = {
  reads: ['/network/mode', '/ports'],
  run: ({ network, ports }) =>
    network.mode === 'none' && ports.length > 0
      ? [{ pointer: '/ports', text: 'must be [] with network.mode "none": nothing can reach them' }]
      : [],
}

const health: Check = {
  reads: ['/network/mode', '/health/port', '/ports'],
  run({ network, health, ports }) {
    if (network.mode === 'none') return []
    const tcp = ports.filter(({ protocol }) => protocol === 'tcp').map(({ guest }) => guest)
    if (tcp.length === 0) {
      return [{ pointer: '/ports', text: 'has no tcp port, and the health check needs one to ask' }]
    }
    if (health.port === undefined || tcp.includes(health.port)) return []
    const text = `found ${health.port}, which is no tcp port of the machine; ports has: ${tcp.join(', ')}`
    return [{ pointer: '/health/port', text }]
  },
}

/** The port that the app is told to listen on, and the one that is asked for its health, are the app's. */
const metrics: Check = {
  reads: ['/metrics/port', '/health/port', '/ports', '/app/env'],
  run({ metrics, health, ports, app }) {
    const first = ports.find(({ protocol }) => protocol === 'tcp')?.guest
    const taken = [
      [Number(app.env['PORT'] ?? first), "is the app's own: its PORT"],
      [health.port, 'is the one that health.port asks the app on'],
    ] as const
    const [, why] = taken.find(([port]) => port !== undefined && port === metrics.port) ?? []
    return why === undefined
      ? []
      : [{ pointer: '/metrics/port', text: `found ${metrics.port}, which ${why}` }]
  },
}

function tooMany(pointer: string, what: string, own: number, all: number, most: number): Problem[] {
  return all <= most
    ? []
    : [{ pointer, text: `has ${own} ${what}, and the machine has room for ${most - (all - own)}` }]
}

/** What PID 1 has room for: see kernel/init/init.h. */
export const initLimits = { arguments: 64, variables: 256, bytes: 65536 - 1 } as const

const init: Check = {
  reads: ['/app', '/machine', '/ports', '/logs', '/restart', '/data'],
  run(config) {
    // The most that the build adds: where libraries of addons are.
    const text = initConf(config, { LD_LIBRARY_PATH: guestPaths.app })
    const count = (key: string): number =>
      text.split('\n').filter((line) => line.startsWith(`${key} `)).length
    const { env, nodeOptions } = config.app
    const problems = [
      ...tooMany('/app/env', 'variables', Object.keys(env).length, count('env'), initLimits.variables),
      ...tooMany('/app/nodeOptions', 'options', nodeOptions.length, count('arg'), initLimits.arguments),
    ]
    const bytes = Buffer.byteLength(text)
    if (problems.length > 0 || bytes <= initLimits.bytes) return problems
    const what = `with the system's own, variables and options take ${bytes} bytes`
    return [{ pointer: '/app', text: `${what}, and the machine has room for ${initLimits.bytes}` }]
  },
}

const backoff: Check = {
  reads: ['/restart/backoffInitial', '/restart/backoffMax'],
  run: ({ restart }) =>
    restart.backoffMax < restart.backoffInitial
      ? [
          {
            pointer: '/restart/backoffMax',
            text: `found ${restart.backoffMax}, which is less than restart.backoffInitial ${restart.backoffInitial}`,
          },
        ]
      : [],
}

/** What is added by adding a file is known by listing the folder. */
const parts: Check = {
  reads: ['/kernel/fragments', '/kernel/platforms', '/image/formats', '/deploy/target'],
  run({ kernel, image, deploy }, { names }) {
    return [
      ...unknown(
        named('/kernel/fragments', kernel.fragments),
        names.fragments,
        'kernel/config/<name>.config',
      ),
      ...unknown(
        named('/kernel/platforms', kernel.platforms),
        names.platforms,
        'kernel/config/platform-<name>.config',
      ),
      ...unknown(named('/image/formats', image.formats), names.formats, 'build/formats/<name>.ts'),
      ...unknown(
        [['/deploy/target', deploy.target]],
        names.targets,
        'deploy/targets/<name>.ts or <name>/index.ts',
      ),
    ]
  },
}

function named(pointer: string, list: string[]): [pointer: string, name: string][] {
  return list.map((name, index) => [child(pointer, index), name])
}

function unknown(wanted: [pointer: string, name: string][], known: string[], files: string): Problem[] {
  // An empty folder has nothing to choose from: nothing is known of the names then.
  if (known.length === 0) return []
  return wanted
    .filter(([, name]) => !known.includes(name))
    .map(([pointer, name]) => ({
      pointer,
      text: `there is no ${files.replaceAll('<name>', name)}; ${suggest(name, known)}`,
    }))
}

/** A folder that the app may write to is a link in the machine: code in it would not find its packages. */
const writable: Check = {
  reads: ['/app/writable', '/app/entry', '/data'],
  run: ({ app, data }) =>
    Object.entries(app.writable).flatMap(([folder, place]) => {
      const pointer = child('/app/writable', folder)
      const other = Object.keys(app.writable).find((path) => folder.startsWith(`${path}/`))
      const texts = [
        ...(place === 'data' && data === undefined ? ['needs a data disk: set "data"'] : []),
        ...(app.entry.startsWith(`${folder}/`)
          ? [`contains app.entry ${app.entry}, which stays read-only`]
          : []),
        ...(other === undefined ? [] : [`lies in ${quote(other)}, which is writable already`]),
      ]
      return texts.map((text) => ({ pointer, text }))
    }),
}

export const checks: Check[] = [
  arch,
  memory,
  entry,
  writable,
  lines,
  ports,
  network,
  reachable,
  health,
  metrics,
  init,
  backoff,
  parts,
  zone,
]
