import { createWriteStream } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { UsageError } from '../../config/lib/errors.ts'
import { type Progress, progress } from '../../config/lib/log.ts'
import { dist, root } from '../../config/lib/paths.ts'
import { formatBytes } from '../../config/lib/units.ts'
import type { Control } from '../control/client.ts'
import { busyTime, type CpuProfile, hottest, withHostPaths } from '../control/cpuprofile.ts'
import { flameGraph } from '../control/flame.ts'
import type { Report } from '../target.ts'
import { configuredControl } from './context.ts'
import { positiveNumber, verb, type Verb } from './verb.ts'

interface Wanted {
  /** Number of the worker, where several processes run the app. */
  worker?: number
  /** File to write. */
  out: string
}

const hotFunctions = 10

export const profile: Verb = verb({
  usage: 'npm run profile --',
  summary: 'Profiles the app in the running machine: its CPU time, or its heap.',
  options: {
    seconds: { type: 'string' },
    flame: { type: 'boolean' },
    heap: { type: 'boolean' },
    worker: { type: 'string' },
    out: { type: 'string' },
  },
  help: {
    seconds: 'how long to profile the CPU, from 0.1 to 600; default 10',
    flame: 'also write a flame graph, an HTML file beside the profile',
    heap: 'take a heap snapshot instead; the app pauses meanwhile',
    worker: 'number of the worker, where several processes run the app; default 1',
    out: 'file to write; default: a new file in dist/profiles/',
  },
  example: 'npm run profile -- --seconds 30 --flame',
  async run(values) {
    const seconds = positiveNumber('--seconds', values.seconds ?? '10')
    if (values.heap === true && (values.flame === true || values.seconds !== undefined)) {
      throw new UsageError('--heap cannot be combined with --flame or --seconds, which are for a CPU profile')
    }
    const worker = values.worker === undefined ? {} : { worker: positiveNumber('--worker', values.worker) }
    const wanted: Wanted = { ...worker, out: resolve(values.out ?? defaultFile(values.heap === true)) }
    const control = await configuredControl()
    try {
      await mkdir(dirname(wanted.out), { recursive: true })
      if (values.heap === true) return await profileHeap(control, wanted)
      return await profileCpu(control, { ...wanted, seconds, flame: values.flame === true })
    } finally {
      control.close()
    }
  },
})

function defaultFile(heap: boolean): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\..*$/g, '')
  return join(dist, 'profiles', heap ? `heap-${time}.heapsnapshot` : `cpu-${time}.cpuprofile`)
}

async function profileCpu(
  control: Control,
  { seconds, flame, out, ...params }: Wanted & { seconds: number; flame: boolean },
): Promise<Report> {
  const line = progress('Profiling the CPU')
  const stop = count(line, seconds)
  const parts: Buffer[] = []
  const onChunk = (part: Buffer): void => void parts.push(part)
  await control.call('profile.cpu', { seconds, ...params }, { onChunk }).finally(stop)
  const bytes = Buffer.concat(parts)
  line.done(formatBytes(bytes.length))
  const profile = JSON.parse(bytes.toString()) as CpuProfile
  await writeFile(out, JSON.stringify(withHostPaths(profile, `${pathToFileURL(root).href}/`)))
  const graph = `${out.replace(/\.cpuprofile$/, '')}.html`
  if (flame) await writeFile(graph, flameGraph(profile, 'CPU profile'))
  const text = [
    ...summary(profile),
    '',
    `${shown(out)}   open it in Chrome DevTools (Performance, Load profile), VS Code or speedscope.app`,
    ...(flame ? [`${shown(graph)}   open it in a browser`] : []),
  ]
  const functions = hottest(profile, hotFunctions)
  return { text: text.join('\n'), data: { file: out, ...(flame ? { flame: graph } : {}), functions } }
}

/** Shows how much time has passed, until the returned function is called. */
function count(line: Progress, seconds: number): () => void {
  const started = Date.now()
  const timer = setInterval(() => {
    const passed = Math.round((Date.now() - started) / 1000)
    line.update(passed > seconds ? 'reading the profile' : `${passed} of ${seconds} s`)
  }, 200)
  return () => clearInterval(timer)
}

/** Lists the hottest functions for a person. */
export function summary(profile: CpuProfile): string[] {
  const whole = profile.endTime - profile.startTime
  const percent = (us: number): string => `${((100 * us) / (whole || 1)).toFixed(1).padStart(5)} %`
  const functions = hottest(profile, hotFunctions)
  const width = Math.max(...functions.map(({ name }) => name.length), 0)
  return [
    `CPU busy:${percent(busyTime(profile))} of ${(whole / 1e6).toFixed(1)} s; self time by function:`,
    ...functions.map(({ name, place, selfUs }) =>
      `${percent(selfUs)}  ${name.padEnd(width)}  ${place}`.trimEnd(),
    ),
  ]
}

async function profileHeap(control: Control, { out, ...params }: Wanted): Promise<Report> {
  const line = progress('Taking a heap snapshot')
  const file = createWriteStream(out)
  let bytes = 0
  const onChunk = (part: Buffer): void => {
    file.write(part)
    bytes += part.length
    line.update(formatBytes(bytes))
  }
  const taken = control.call('profile.heap', params, { onChunk }).then(() => file.end())
  try {
    await Promise.all([taken, finished(file)])
  } catch (error) {
    file.destroy()
    await rm(out, { force: true })
    throw error
  }
  line.done(formatBytes(bytes))
  return {
    text: `${shown(out)}   open it in Chrome DevTools (Memory, Load)`,
    data: { file: out, bytes },
  }
}

function shown(file: string): string {
  const path = relative(process.cwd(), file)
  return path.startsWith('..') ? file : path
}
