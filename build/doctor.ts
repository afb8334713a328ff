import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { loadConfig } from '../config/load.ts'
import type { SystemConfig } from '../config/system.types.ts'
import { formatTools } from './image/format.ts'
import {
  type Check,
  checkCache,
  checkConfig,
  checkDisk,
  checkKvm,
  checkMemory,
  checkNode,
  checkRequirement,
  checkSource,
  checkSystem,
  versionOf,
} from './host/checks.ts'
import { type HostFacts, hostFacts } from './host/facts.ts'
import { findMissing, remedy } from './host/find.ts'
import { judgeKvm, type KvmEvidence, readKvmEvidence } from './host/kvm.ts'
import { installStages, requirements, requirementsFor } from './host/tools.ts'
import type { Pin } from './kernel/source.ts'
import { type Cache, cacheFrom } from './pipeline/cache.ts'
import { main } from '../config/lib/main.ts'
import { dist, root } from '../config/lib/paths.ts'
import { npmNode } from './runtime/node.ts'

export interface Diagnosis {
  /** Whether nothing stands in the way of a build and a boot. */
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

/** Looks at everything that builds, boots and tests take from the host. */
export async function diagnose({ facts, kvm, cache, dist, loadConfig }: DoctorOptions): Promise<Diagnosis> {
  const config = await loadConfig().catch(() => undefined)
  const tools = config === undefined ? [] : await formatTools(config).catch(() => [])
  const wanted = requirements.map((item) =>
    tools.includes(item.name) ? { ...item, stage: 'build' as const } : item,
  )
  const pin = JSON.parse(await readFile(join(root, 'kernel/source.json'), 'utf8')) as Pin
  const checks = [
    checkSystem(facts),
    await checkNode(() => npmNode('x64'), process.versions.node),
    await checkNpm(facts),
    ...(await Promise.all(wanted.map(async (requirement) => checkRequirement(requirement, facts)))),
    ...checkDisk([dist, cache.own], kernelBytes),
    checkMemory(facts.memory),
    checkKvm(judgeKvm(kvm)),
    await checkConfig(loadConfig),
    await checkSource(config?.kernel.source ?? 'auto', pin, cache, facts),
    checkCache(cache),
  ]
  const missing = findMissing(requirementsFor(installStages), facts)
  const untested = findMissing(requirementsFor(['test']), facts)
  return {
    ok: checks.every(({ status }) => status !== 'bad'),
    checks,
    ...(missing.length > 0 ? { remedy: remedy(missing, facts) } : {}),
    ...(untested.length > 0 ? { testRemedy: remedy(untested, facts) } : {}),
  }
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

/** A line for each check, what to do below those that need it. */
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
