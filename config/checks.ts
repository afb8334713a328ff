import { existsSync, readdirSync } from 'node:fs'
import { BlockList } from 'node:net'
import { dirname, join, relative, sep } from 'node:path'
import { firstPort } from '../kernel/contract/guest-config.ts'
import { guestPaths } from '../kernel/contract/paths.ts'
import { initConf, initLimits } from '../kernel/contract/init-conf.ts'
import { nearest, type Problem, quote, suggest } from './explain.ts'
import { child } from './pointer.ts'
import type { Check } from './facts.ts'
import { locales } from './locales.ts'
import { zone } from './zone.ts'

const arch: Check = {
  reads: ['/machine/arch'],
  run: ({ machine }) =>
    machine.arch === 'arm64'
      ? [{ pointer: '/machine/arch', text: '"arm64" is not supported yet; use "x64"' }]
      : [],
}

/** Only the local target boots the machine on this host; elsewhere it may be larger. */
const memory: Check = {
  reads: ['/machine/memory', '/deploy/target'],
  run({ machine, deploy }, { totalMemory }) {
    const available = Math.floor(totalMemory / 2 ** 20)
    if (deploy.target !== 'local' || machine.memory <= available) return []
    const text = `must be at most ${available} MiB, the memory of this host, because target "local" boots the machine here; got ${machine.memory}`
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
      return [{ pointer, text: `must be a file inside the repository, got ${quote(app.entry)}` }]
    }
    if (existsSync(path)) return []
    const folder = dirname(path)
    const files = existsSync(folder) ? readdirSync(folder).map((name) => join(dirname(app.entry), name)) : []
    const meant = nearest(app.entry, files)
    const suggestion = meant === undefined ? '' : `; did you mean ${quote(meant)}?`
    return [{ pointer, text: `file not found: ${app.entry}${suggestion}` }]
  },
}

/** Arguments and environment reach the machine in a file with one setting a line. */
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
        text: 'must not contain a line break or NUL, because the machine reads its settings line by line',
      }))
  },
}

const ports: Check = {
  reads: ['/ports'],
  run({ ports }) {
    const guest = repeated(
      ports.map((port) => `${port.guest}/${port.protocol}`),
      (index) => `/ports/${index}/guest`,
      '',
    )
    const host = repeated(
      ports.map((port) => `${port.host ?? port.guest}/${port.protocol}`),
      (index) => (ports[index]?.host === undefined ? `/ports/${index}` : `/ports/${index}/host`),
      'host port ',
    )
    // Without host ports, the second list repeats the first.
    const reported = new Set(guest.map(({ pointer }) => pointer.replace(/\/guest$/, '')))
    return [...guest, ...host.filter(({ pointer }) => !reported.has(pointer))]
  },
}

function repeated(values: string[], pointer: (index: number) => string, prefix: string): Problem[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value)
    const text = `${prefix}${value} is already used by ports[${first}]`
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
          text: `requires network.mode "static", but network.mode is "${mode}"`,
        }))
    }
    if (address === undefined) {
      const text = 'missing; network.mode "static" requires an address such as 192.0.2.10/24'
      return [{ pointer: '/network/address', text }]
    }
    const [own = '', prefix] = address.split('/')
    const subnet = new BlockList()
    subnet.addSubnet(own, Number(prefix), 'ipv4')
    if (gateway === undefined || subnet.check(gateway, 'ipv4')) return []
    const text = `must be inside the subnet of network.address (${address}), got ${quote(gateway)}`
    return [{ pointer: '/network/gateway', text }]
  },
}

const reachable: Check = {
  reads: ['/network/mode', '/ports'],
  run: ({ network, ports }) =>
    network.mode === 'none' && ports.length > 0
      ? [
          {
            pointer: '/ports',
            text: 'must be [] when network.mode is "none", because no connection can reach a port',
          },
        ]
      : [],
}

const health: Check = {
  reads: ['/network/mode', '/health/port', '/ports'],
  run({ network, health, ports }) {
    if (network.mode === 'none') return []
    const tcp = ports.filter(({ protocol }) => protocol === 'tcp').map(({ guest }) => guest)
    if (tcp.length === 0) {
      return [
        {
          pointer: '/ports',
          text: 'must contain a tcp port, because the health check sends its requests to one',
        },
      ]
    }
    if (health.port === undefined || tcp.includes(health.port)) return []
    const text = `must be a tcp guest port of ports (${tcp.join(', ')}), got ${health.port}`
    return [{ pointer: '/health/port', text }]
  },
}

/** The app listens on PORT and on the port of the health check. */
const metrics: Check = {
  reads: ['/metrics/port', '/health/port', '/ports', '/app/env'],
  run({ metrics, health, ports, app }) {
    const used = [
      [Number(app.env['PORT'] ?? firstPort({ ports })), 'which the app listens on (PORT)'],
      [health.port, 'which the app listens on (health.port)'],
    ] as const
    const [, why] = used.find(([port]) => port !== undefined && port === metrics.port) ?? []
    return why === undefined
      ? []
      : [{ pointer: '/metrics/port', text: `must differ from port ${metrics.port}, ${why}` }]
  },
}

function tooMany(pointer: string, what: string, own: number, all: number, most: number): Problem[] {
  return all <= most
    ? []
    : [{ pointer, text: `must not have more than ${most - (all - own)} ${what}, got ${own}` }]
}

const init: Check = {
  reads: ['/app', '/machine', '/ports', '/logs', '/restart', '/data'],
  run(config) {
    // The most that the build adds: the path of the libraries of addons.
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
    const problem = `env and nodeOptions, with the system's own, must not exceed ${initLimits.bytes} bytes, got ${bytes}`
    return [{ pointer: '/app', text: problem }]
  },
}

const backoff: Check = {
  reads: ['/restart/backoffInitial', '/restart/backoffMax'],
  run: ({ restart }) =>
    restart.backoffMax < restart.backoffInitial
      ? [
          {
            pointer: '/restart/backoffMax',
            text: `must be at least restart.backoffInitial (${restart.backoffInitial}), got ${restart.backoffMax}`,
          },
        ]
      : [],
}

/** Fragments, formats and targets are found by listing their folders. */
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
  // An empty folder offers no names to check against.
  if (known.length === 0) return []
  return wanted
    .filter(([, name]) => !known.includes(name))
    .map(([pointer, name]) => ({
      pointer,
      text: `file not found: ${files.replaceAll('<name>', name)}; ${suggest(name, known, 'names')}`,
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
        ...(other === undefined ? [] : [`is already writable: it lies in ${quote(other)}`]),
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
  locales,
  zone,
]
