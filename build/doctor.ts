import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, isAbsolute, join } from 'node:path'
import { styleText } from 'node:util'
import { loadConfig } from '../config/load.ts'
import type { SystemConfig } from '../config/system.types.ts'
import {
  type Check,
  checkDisk,
  checkKvm,
  checkMemory,
  checkRequirement,
  checkSystem,
  versionOf,
} from './host/checks.ts'
import { type HostFacts, hostFacts } from './host/facts.ts'
import { findMissing, remedy } from './host/find.ts'
import { judgeKvm, type KvmEvidence, readKvmEvidence } from './host/kvm.ts'
import { requirements, requirementsFor } from './host/tools.ts'
import { knownSource, type Pin, readPin } from './kernel/source.ts'
import { needsHere } from './needs.ts'
import { type Cache, cacheFrom } from './pipeline/cache.ts'
import { main } from '../config/lib/main.ts'
import { dist, root } from '../config/lib/paths.ts'
import { type NodeRuntime, npmNode } from './runtime/node.ts'
import { UserError } from '../config/lib/errors.ts'
import { findProgram } from '../config/lib/find.ts'
import { run } from '../config/lib/run.ts'
import { formatBytes } from '../config/lib/units.ts'

export interface Diagnosis {
  /** Whether a build and a boot can succeed. */
  ok: boolean
  checks: Check[]
  /** The line that installs what builds and boots miss. */
  remedy?: string
  /** The line that installs what only tests miss. */
  testRemedy?: string
}

export interface DoctorOptions {
  facts: HostFacts
  kvm: KvmEvidence
  cache: Cache
  dist: string
  loadConfig: () => Promise<SystemConfig>
}

/** Bytes that compiling a kernel takes for a while. */
const kernelBytes = 2.5e9

/** Checks everything that builds, boots and tests need from the host. */
export async function diagnose({ facts, kvm, cache, dist, loadConfig }: DoctorOptions): Promise<Diagnosis> {
  const config = await loadConfig().catch(() => undefined)
  const { compilesKernel, required } = await needsHere(loadConfig, { cache, root, dist })
  const pin = readPin(root)
  const checks = [
    checkSystem(facts),
    await checkNode(() => npmNode('x64'), process.versions.node),
    await checkNpm(facts),
    ...(await Promise.all(
      requirements.map(async (item) => checkRequirement(item, facts, required.includes(item))),
    )),
    ...checkDisk([dist, cache.own], compilesKernel ? kernelBytes : 0),
    checkMemory(facts.memory),
    checkKvm(judgeKvm(kvm)),
    await checkConfig(loadConfig),
    compilesKernel ? await checkSource(config?.kernel.source ?? 'auto', pin, cache, facts) : kernelThere,
    checkCache(cache),
    ...checkStores(cache),
  ]
  const missing = findMissing(required, facts)
  const untested = findMissing(requirementsFor(['test']), facts)
  return {
    ok: checks.every(({ status }) => status !== 'bad'),
    checks,
    ...(missing.length > 0 ? { remedy: remedy(missing, facts) } : {}),
    ...(untested.length > 0 ? { testRemedy: remedy(untested, facts) } : {}),
  }
}

/** Checks that the locked Node exists, runs, and is the one that runs the scripts. */
async function checkNode(locked: () => Promise<NodeRuntime>, running: string): Promise<Check> {
  const name = 'node'
  try {
    const { binary, version } = await locked()
    const actual = (await run([binary, '--version'], { purpose: 'run the locked Node' }))
      .trim()
      .replace(/^v/, '')
    if (actual !== version) {
      return {
        name,
        status: 'bad',
        detail: `${binary} is Node ${actual}, but its package is ${version}`,
        hint: 'npm install',
      }
    }
    if (running !== version) {
      const detail = `${version} is locked, but Node ${running} runs this script`
      return {
        name,
        status: 'warning',
        detail,
        hint: 'run scripts with npm: it puts the locked Node first on PATH',
      }
    }
    return { name, status: 'good', detail: `${version}, as locked` }
  } catch (error) {
    if (!(error instanceof UserError))
      return { name, status: 'bad', detail: `the locked Node does not run: ${String(error)}` }
    return {
      name,
      status: 'bad',
      detail: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    }
  }
}

async function checkConfig(load: () => Promise<SystemConfig>): Promise<Check> {
  const name = 'config'
  try {
    const { hostname, machine, network, image } = await load()
    const detail = `${hostname}: ${machine.memory} MiB, ${machine.cpus} CPU, network ${network.mode}, ${image.compression}`
    return { name, status: 'good', detail }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return {
      name,
      status: 'bad',
      detail: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    }
  }
}

const kernelThere: Check = { name: 'kernel', status: 'good', detail: 'compiled already, here or in a store' }

/** Checks that a kernel source is available, without downloading it. */
async function checkSource(setting: string, pin: Pin, cache: Cache, facts: HostFacts): Promise<Check> {
  const name = 'kernel source'
  if (!['auto', 'tarball', 'distribution'].includes(setting)) {
    return existsSync(setting)
      ? { name, status: 'good', detail: setting }
      : { name, status: 'bad', detail: `kernel.source: ${setting} does not exist` }
  }
  const known = await knownSource(setting, pin, join(cache.own, 'sources'))
  if (known !== undefined && existsSync(known.path)) {
    return { name, status: 'good', detail: `${basename(known.path)}, cached` }
  }
  const apt = findProgram('apt-get', facts.path) !== undefined
  if (setting !== 'tarball' && apt)
    return { name, status: 'good', detail: `apt will download ${pin.distribution.package}` }
  const answer = await reach(pin.tarball.url)
  if (answer === undefined) return { name, status: 'good', detail: pin.tarball.url }
  const hint = 'set kernel.source in config/system.json to the path of a tarball, if there is no network'
  return { name, status: 'warning', detail: `${pin.tarball.url}: ${answer}`, hint }
}

async function reach(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(3000) })
    return response.ok ? undefined : `the server responded ${response.status}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function checkStores({ others }: Cache): Check[] {
  return others.map((store) =>
    isAbsolute(store) && !existsSync(store)
      ? { name: 'store', status: 'warning', detail: `${store} does not exist`, hint: 'see NODEOS_CACHE' }
      : { name: 'store', status: 'good', detail: store },
  )
}

function checkCache({ own }: Cache): Check {
  const bytes = filesIn(own).reduce(
    (sum, file) => sum + (statSync(join(own, file), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
  return { name: 'cache', status: 'good', detail: `${own}, ${formatBytes(bytes)}` }
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
}

async function checkNpm({ path }: HostFacts): Promise<Check> {
  const version = await versionOf({ name: 'npm' }, path)
  return version === undefined
    ? { name: 'npm', status: 'bad', detail: 'not found on PATH' }
    : { name: 'npm', status: 'good', detail: version }
}

const marks = {
  good: ['green', '✔'],
  note: ['dim', '•'],
  warning: ['yellow', '!'],
  bad: ['red', '✖'],
} as const

/** Formats the checks: a line each, with a hint below those that need one. */
export function diagnosisText({ ok, checks, remedy, testRemedy }: Diagnosis): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.map(({ name, status, detail, hint }) => {
    const [style, mark] = marks[status]
    const first = `${styleText(style, mark)} ${name.padEnd(width)}  ${detail}`
    // A line at the end installs them all.
    const showsHint = hint !== undefined && !detail.startsWith('not found; needed')
    return showsHint ? `${first}\n${hint.replaceAll(/^/gm, ' '.repeat(width + 4))}` : first
  })
  if (remedy !== undefined) lines.push('', 'to install what is missing:', '', `  ${remedy}`)
  if (testRemedy !== undefined)
    lines.push('', 'to install what only npm run test:all needs:', '', `  ${testRemedy}`)
  lines.push('', ok ? 'ready: npm run build' : 'not ready: see the lines marked ✖')
  return `${lines.join('\n')}\n`
}

await main(
  import.meta,
  {
    usage: 'npm run doctor --',
    example: 'npm run doctor -- --json',
    summary: 'Checks everything that builds, boots and tests need from this host.',
    options: { json: { type: 'boolean' } },
    help: { json: 'print the checks as JSON' },
  },
  async ({ values }) => {
    const diagnosis = await diagnose({
      facts: hostFacts(process.env),
      kvm: readKvmEvidence(),
      cache: cacheFrom(process.env),
      dist,
      loadConfig: () => loadConfig(),
    })
    process.stdout.write(
      values.json === true ? `${JSON.stringify(diagnosis, null, 2)}\n` : diagnosisText(diagnosis),
    )
    if (!diagnosis.ok) process.exitCode = 1
  },
)
