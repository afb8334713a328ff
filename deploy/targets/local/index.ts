import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { UserError } from '../../../config/lib/errors.ts'
import { log, progress } from '../../../config/lib/log.ts'
import { handOver, requireSnapshot } from '../../data/handover.ts'
import { afterRestart } from '../../failure/report.ts'
import { bootFiles } from '../../release/dist.ts'
import { choosePrevious, releaseTable } from '../../release/list.ts'
import { ReleaseStore } from '../../release/store.ts'
import type { Context, Release, Report, Target } from '../../target.ts'
import { dataDiskOf, diskCommands } from './data.ts'
import { awaitHealth, isWell } from '../../qemu/health.ts'
import { machineFiles, machineLogs, streamConsole } from '../../qemu/console.ts'
import { healthUrl } from '../../qemu/description.ts'
import {
  type Ending,
  killMachine,
  type Machine,
  startMachine,
  stopMachine,
  strays,
} from '../../qemu/machine.ts'
import { describeWithOptions, readOptions, schema } from '../../qemu/options.ts'
import { requireFreePorts } from '../../qemu/ports.ts'
import { isRunning, type ProcessMark, residentBytes } from '../../qemu/process.ts'
import { type MachineSpec, type PortForward, qemuCommand, shellLine } from '../../qemu/command.ts'
import { forgetState, locked, readState, type State, writeState } from './state.ts'

const graceMs = 5000
const notRunning = 3
/** Releases that stay ready to run. */
const keep = 5

/** Boots the machine on this host under QEMU, in the background. */
const local: Target = {
  name: 'local',
  summary: 'boots the machine on this host under QEMU, in the background',
  schema,
  needs: ['qemu-system-x86_64'],

  async plan(release, context) {
    const { spec } = await machineOf(release, context)
    const argv = qemuCommand(spec, machineFiles(context.state))
    const { data } = release.manifest.system
    const disk = await dataDiskOf(context)
    const makes = data === undefined || (await disk.exists()) ? [] : diskCommands(disk, data)
    const before = [['mkdir', '-p', context.state], ...makes]
    return { text: [...before, argv].map(shellLine).join(' && '), data: { before, command: argv } }
  },

  async deploy(release, context) {
    return locked(context.state, async () => {
      const store = storeIn(context)
      const state = await swap(release, store, context)
      const { number } = await store.addBuilt(release)
      return serving({ ...state, number }, store, context)
    })
  },

  async list(context) {
    const state = await readState(context.state)
    const current = state !== undefined && isRunning(state) ? state.number : undefined
    return releaseTable(await storeIn(context).list(), current)
  },

  async rollback(context, number, { data = false } = {}) {
    return locked(context.state, async () => {
      const store = storeIn(context)
      const kept = choosePrevious(await store.list(), (await readState(context.state))?.number, number)
      if (data) await requireSnapshot(await dataDiskOf(context), kept.number)
      const state = await swap(store.release(kept), store, context, data ? kept.number : undefined)
      return serving({ ...state, number: kept.number }, store, context)
    })
  },

  async destroy(context, { data = false } = {}) {
    return locked(context.state, async () => {
      const state = await readState(context.state)
      await stopStrays(context, state)
      if (state !== undefined && isRunning(state))
        await stopMachine(state, state.drainTimeout * 1000 + graceMs)
      const destroyed = state !== undefined || (await storeIn(context).list()).length > 0
      await rm(storeIn(context).folder, { recursive: true, force: true })
      const logs = [...machineLogs(context.state), failedConsole(context)]
      for (const file of logs) await rm(file, { force: true })
      await forgetState(context.state)
      const disk = await dataDiskOf(context)
      if (data) await disk.remove()
      const text = destroyed ? 'removed the machine and its releases' : 'no machine is deployed'
      const there = await disk.exists()
      const stays = there
        ? `; its data is kept in ${disk.file} (to remove it: npm run deploy:destroy -- --data)`
        : ''
      return { text: text + stays, data: { destroyed, ...(there ? { data: disk.file } : {}) } }
    })
  },

  async status(context) {
    const state = await readState(context.state)
    if (state === undefined || !isRunning(state)) {
      return { text: 'no machine is running', data: { running: false }, status: notRunning }
    }
    const healthy = state.health === undefined ? undefined : await isWell(state.health)
    const uptime = Math.round((Date.now() - Date.parse(state.deployed)) / 1000)
    const rss = residentBytes(state.pid)
    const disk = await dataDiskOf(context)
    const hasData = await disk.exists()
    const health = healthy === undefined ? 'no health check' : healthy ? 'healthy' : 'unhealthy'
    return {
      text: [
        `${state.name} is running: ${health}`,
        `  url      ${state.url ?? 'none'}`,
        `  ports    ${state.ports.map(({ host, guest, protocol }) => `${host} → ${guest}/${protocol}`).join(', ') || 'none'}`,
        `  up for   ${uptime} s`,
        `  memory   ${(rss / 2 ** 20).toFixed(0)} MiB on the host, ${state.memory} MiB in the machine`,
        `  process  ${state.pid} (${state.accelerator})`,
        `  console  ${state.files.console}`,
        ...(hasData ? [`  data     ${await disk.describe()}`] : []),
      ].join('\n'),
      data: {
        running: true,
        healthy,
        uptime,
        rss,
        ...state,
        ...(hasData ? { data: { file: disk.file, ...disk.sizes(), snapshots: await disk.snapshots() } } : {}),
      },
    }
  },

  async logs(context, follow) {
    const state = await readState(context.state)
    if (state === undefined)
      throw new UserError('no machine is deployed', { hint: 'npm run deploy   deploys one' })
    await streamConsole(state, follow, context.signal, context.print)
  },

  async control(context) {
    const state = await readState(context.state)
    if (state === undefined || !isRunning(state)) {
      throw new UserError('no machine is running', { hint: 'npm run deploy   starts one' })
    }
    return connect(state.files.control)
  },

  async stop(context) {
    return locked(context.state, async () => {
      const state = await readState(context.state)
      const stray = await stopStrays(context, state)
      if (state === undefined || !isRunning(state)) {
        return stray === undefined
          ? { text: 'no machine is running', data: { stopped: false } }
          : {
              text: `a machine left over from an interrupted deploy: ${stray}`,
              data: { stopped: true, ending: stray },
            }
      }
      const ending = await stopMachine(state, state.drainTimeout * 1000 + graceMs)
      return { text: `${state.name}: ${ending}`, data: { stopped: true, ending } }
    })
  },
}

export default local

/** The machine that a release and the options describe. */
async function machineOf(
  release: Release,
  context: Context,
): Promise<{ spec: MachineSpec; fallback: boolean }> {
  const { system } = release.manifest
  const options = await readOptions(system.deploy.options)
  const data = system.data === undefined ? undefined : (await dataDiskOf(context)).file
  return describeWithOptions(bootFiles(release), options, context.env, { data })
}

/** Stops the machine of the previous deploy, after checking that no other program has its ports. */
async function replace(spec: MachineSpec, context: Context): Promise<void> {
  const old = await readState(context.state)
  const running = old !== undefined && isRunning(old)
  await stopStrays(context, old)
  const own = (port: PortForward): boolean =>
    running && old.ports.some(({ host, protocol }) => host === port.host && protocol === port.protocol)
  await requireFreePorts(spec.ports, spec.bind, own)
  if (!running) return
  log.step(`Stopping the machine of the previous deploy (pid ${old.pid})`)
  log.info(await stopMachine(old, old.drainTimeout * 1000 + graceMs))
  await forgetState(context.state)
}

/** Stops machines left over from a deploy that was killed while it started them. @returns how the last one ended */
async function stopStrays(
  { state, config }: Context,
  known: ProcessMark | undefined,
): Promise<Ending | undefined> {
  let ending: Ending | undefined
  for (const stray of await strays(state, known?.pid)) {
    log.warn(`stopping a machine left over from a deploy that was killed (pid ${stray.pid})`)
    ending = await stopMachine(stray, config.restart.drainTimeout * 1000 + graceMs)
  }
  return ending
}

/**
 * Runs a release in the place of another one, which comes back when the release does not become healthy:
 * with its data as it left them.
 *
 * @param restore number of the release whose data are to be brought back
 */
async function swap(
  release: Release,
  store: ReleaseStore,
  context: Context,
  restore?: number,
): Promise<State> {
  const old = await readState(context.state)
  const before = old !== undefined && isRunning(old) ? old.number : undefined
  const { spec, fallback } = await machineOf(release, context)
  await replace(spec, context)
  let undo: (() => Promise<void>) | undefined
  try {
    undo = await handOver(await dataDiskOf(context), {
      data: release.manifest.system.data,
      from: old?.number,
      restore,
      kept: (await store.list()).map(({ number }) => number),
    })
    return await gate(await startMachine(spec, context.state, { fallback }), release, spec, context)
  } catch (error) {
    await undo?.()
    const kept = before === undefined || context.signal.aborted ? undefined : await store.get(before)
    if (kept === undefined || !(error instanceof UserError)) throw error
    log.warn(`starting release ${kept.number} again, the previous one`)
    throw await afterRestart(error, `release ${kept.number}`, async () => {
      const again = store.release(kept)
      const { spec, fallback } = await machineOf(again, context)
      const machine = await startMachine(spec, context.state, { fallback })
      const state = await gate(machine, again, spec, context, `${failedConsole(context)}.previous`)
      await writeState(context.state, { ...state, number: kept.number })
    })
  }
}

/** Waits for health. A machine that does not become healthy is not left behind. */
async function gate(
  machine: Machine,
  { manifest }: Release,
  spec: MachineSpec,
  context: Context,
  failed = failedConsole(context),
): Promise<State> {
  const { restart } = manifest.system
  const url = healthUrl(manifest.system, spec)
  const state: State = {
    ...machine,
    name: spec.name,
    deployed: new Date().toISOString(),
    ...(url === undefined ? {} : { url: new URL('/', url).href, health: url }),
    drainTimeout: restart.drainTimeout,
    memory: spec.memory,
  }
  // Before it is healthy: a deploy that is killed here leaves a machine that the next one finds.
  await writeState(context.state, state)
  const line = progress(`Booting ${spec.name} (${machine.accelerator})`)
  try {
    let answered = url
    const onAnswer = (as: string): void => void (answered = as)
    const { signal } = context
    const seconds = await awaitHealth(
      machine,
      { url, system: manifest.system, signal, failedConsole: failed, onAnswer },
      line,
    )
    line.done(`healthy after ${seconds.toFixed(1)} s`)
    if (answered === undefined) return { ...state, seconds }
    return { ...state, seconds, url: new URL('/', answered).href, health: answered }
  } catch (error) {
    await killMachine(machine)
    throw error
  }
}

/** The console of the last machine that did not become healthy. */
function failedConsole({ state }: Context): string {
  return join(state, 'failed-console.log')
}

function storeIn({ state }: Context): ReleaseStore {
  return new ReleaseStore(join(state, 'store'))
}

/** A release that serves is remembered; the oldest are forgotten. */
async function serving(state: State, store: ReleaseStore, context: Context): Promise<Report> {
  await writeState(context.state, state)
  await store.prune(keep, [state.number])
  return { text: success(state), data: { ...state } }
}

function success(state: State): string {
  return [
    `${state.name} is up: ${state.url ?? 'it publishes no port'}`,
    `  release ${state.number}, ${state.memory} MiB, ${state.accelerator}, pid ${state.pid}, console in ${state.files.console}`,
    '  next: npm run deploy:status, npm run deploy:logs, npm run deploy:stop',
  ].join('\n')
}
