import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { UserError } from '../../../config/lib/errors.ts'
import { withLock } from '../../../config/lib/lock.ts'
import { isRunning } from '../../../config/lib/process.ts'
import { handOver, requireSnapshot } from '../../data/handover.ts'
import { qemuCommand } from '../../qemu/command.ts'
import { shellLine } from '../../../config/lib/run.ts'
import { machineFiles, machineLogs, streamConsole } from '../../qemu/console.ts'
import { schema } from '../../qemu/options.ts'
import { type Change, replaceRelease } from '../../release/lifecycle.ts'
import { choosePrevious, inspect, keptData, noMachine, releaseTable } from '../../release/report.ts'
import type { ReleaseStore } from '../../release/store.ts'
import type { Context, Report, Target } from '../../target.ts'
import {
  dataDiskOf,
  describe,
  diskCommands,
  failedConsole,
  forgetState,
  LocalHypervisor,
  type LocalRelease,
  powerOff,
  readState,
  requirePorts,
  type Started,
  type State,
  stopStrays,
} from './hypervisor.ts'

/** Boots the machine on this host under QEMU, in the background. */
const local: Target = {
  name: 'local',
  summary: 'boots the machine on this host under QEMU, in the background',
  schema,
  needs: ['qemu-system-x86_64'],

  async plan(release, context) {
    const { spec } = await describe(release, context)
    const argv = qemuCommand(spec, machineFiles(context.state))
    const { data } = release.manifest.system
    const disk = await dataDiskOf(context)
    const makes = data === undefined || (await disk.exists()) ? [] : diskCommands(disk, data)
    const before = [['mkdir', '-p', context.state], ...makes]
    return { text: [...before, argv].map(shellLine).join(' && '), data: { before, command: argv } }
  },

  async deploy(release, context) {
    return locked(context, () => replace({ release, number: undefined }, context))
  },

  async list(context) {
    const state = await readState(context.state)
    const current = state !== undefined && isRunning(state) ? state.number : undefined
    return releaseTable(await new LocalHypervisor(context).store.list(), current)
  },

  async rollback(context, number, { data = false } = {}) {
    return locked(context, async () => {
      const { store } = new LocalHypervisor(context)
      const kept = choosePrevious(await store.list(), (await readState(context.state))?.number, number)
      if (data) await requireSnapshot(await dataDiskOf(context), kept.number)
      const next = { release: store.release(kept), number: kept.number }
      return replace(next, context, data ? kept.number : undefined)
    })
  },

  async destroy(context, { data = false } = {}) {
    return locked(context, async () => {
      const state = await readState(context.state)
      await stopStrays(context, state)
      if (state !== undefined && isRunning(state)) await powerOff(state)
      const destroyed = state !== undefined || (await new LocalHypervisor(context).store.list()).length > 0
      await rm(new LocalHypervisor(context).store.folder, { recursive: true, force: true })
      const logs = [...machineLogs(context.state), failedConsole(context)]
      for (const file of logs) await rm(file, { force: true })
      await forgetState(context.state)
      const disk = await dataDiskOf(context)
      if (data) await disk.remove()
      const text = destroyed ? 'removed the machine and its releases' : 'no machine is deployed'
      const kept = (await disk.exists()) ? { data: disk.file } : {}
      return { text: text + (await keptData(disk)), data: { destroyed, ...kept } }
    })
  },

  async status(context) {
    const state = await readState(context.state)
    if (state === undefined || !isRunning(state)) return noMachine('no machine is running')
    const uptime = Math.round((Date.now() - Date.parse(state.deployed)) / 1000)
    const { health, memory, process, data, facts } = await inspect(state, await dataDiskOf(context))
    return {
      text: [
        `${state.name} is running: ${health}`,
        `  url      ${state.url ?? 'none'}`,
        `  ports    ${state.ports.map(({ host, guest, protocol }) => `${host} → ${guest}/${protocol}`).join(', ') || 'none'}`,
        `  up for   ${uptime} s`,
        memory,
        process,
        `  console  ${state.files.console}`,
        ...data,
      ].join('\n'),
      data: { uptime, ...state, ...facts },
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
    return locked(context, async () => {
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
      const ending = await powerOff(state)
      return { text: `${state.name}: ${ending}`, data: { stopped: true, ending } }
    })
  },
}

export default local

/** @throws {UserError} if another deploy of this repository is running */
function locked<T>({ state }: Context, body: () => Promise<T>): Promise<T> {
  return withLock(join(state, 'lock'), { holder: 'another deploy' }, body)
}

/** Replaces the release that serves. @param restore number of the release whose data to restore */
async function replace(next: LocalRelease, context: Context, restore?: number): Promise<Report> {
  const hypervisor = new LocalHypervisor(context)
  const old = await readState(context.state)
  await stopStrays(context, old)
  await requirePorts(next.release, context, old)
  const { state } = await replaceRelease(hypervisor, {
    next,
    previous: old && (await previousOf(old, hypervisor.store)),
    handOver: async () =>
      handOver(await dataDiskOf(context), {
        data: next.release.manifest.system.data,
        from: old?.number,
        restore,
        kept: (await hypervisor.store.list()).map(({ number }) => number),
      }),
    signal: context.signal,
  })
  return { text: success(state), data: { ...state } }
}

async function previousOf(
  state: State,
  store: ReleaseStore,
): Promise<Change<LocalRelease, Started>['previous']> {
  const { number } = state
  const kept = number === undefined ? undefined : await store.get(number)
  const release = kept && { release: store.release(kept), number }
  return { machine: { state }, release, name: `release ${number}` }
}

function success(state: State): string {
  return [
    `${state.name} is up: ${state.url ?? 'it publishes no port'}`,
    `  release ${state.number}, ${state.memory} MiB, ${state.accelerator}, pid ${state.pid}, console in ${state.files.console}`,
    '  next: npm run deploy:status, npm run deploy:logs, npm run deploy:stop',
  ].join('\n')
}
