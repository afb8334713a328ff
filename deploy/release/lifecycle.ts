import { UserError } from '../../config/lib/errors.ts'

/** Runs the machines of one appliance: QEMU on this host, libvirt, a git host. `R` is a release, `M` its machine. */
export interface Hypervisor<R, M> {
  /** Starts a machine, and records it for the next command in case this one is killed. Leaves nothing if it fails. */
  start(release: R): Promise<M>
  /** Waits until the machine is healthy. @throws {UserError} naming the cause */
  awaitHealth(machine: M): Promise<void>
  /** Moves traffic to a healthy machine, and records that its release was healthy. */
  serve(machine: M): Promise<void>
  isRunning(machine: M): Promise<boolean>
  /** Drains the app, then powers the machine off. */
  stop(machine: M): Promise<void>
  /** Ends a machine that does not serve, and removes what its start left. */
  kill(machine: M): Promise<void>
  /** Starts the release again that ran before, after the next one failed. */
  restore(release: R): Promise<void>
  /** Holds new connections while no machine serves. */
  hold?(): Promise<void>
}

/** The replacement of one release by another. */
export interface Change<R, M> {
  next: R
  /** The machine that serves, and its release if it can be started again. */
  previous: { machine: M; release: R | undefined; name: string } | undefined
  /** Whether both machines may run at the same time: only if they share no ports and no data. */
  beside?: boolean
  /** Hands over the data while no machine runs. @returns undoes what the next release writes */
  handOver?: () => Promise<() => Promise<void>>
  /** If it is aborted, a failed change does not start the previous release again. */
  signal?: AbortSignal
}

/** A release whose machine is healthy and does not serve yet. */
export interface Candidate<M> {
  machine: M
  /** Moves traffic to the machine, then drains the one that served. */
  commit(): Promise<void>
  /** Ends the machine: the previous release serves again, with its data as it left them. */
  abandon(): Promise<void>
}

/**
 * Replaces the release that serves.
 *
 * @throws {UserError} if the next one does not become healthy: then the previous one serves again
 */
export async function replaceRelease<R, M>(hypervisor: Hypervisor<R, M>, change: Change<R, M>): Promise<M> {
  const candidate = await prepareRelease(hypervisor, change)
  await candidate.commit()
  return candidate.machine
}

/** Does the same up to the moment at which traffic moves. */
export async function prepareRelease<R, M>(
  hypervisor: Hypervisor<R, M>,
  { next, previous, beside = false, handOver, signal }: Change<R, M>,
): Promise<Candidate<M>> {
  const served =
    previous !== undefined && (await hypervisor.isRunning(previous.machine)) ? previous : undefined
  let started: M | undefined
  let undo: (() => Promise<void>) | undefined

  const abandon = async (): Promise<void> => {
    if (started !== undefined) await hypervisor.kill(started)
    await undo?.()
  }
  /** Undoes the change, and returns the error to throw. */
  const giveBack = async (error: unknown): Promise<unknown> => {
    await abandon()
    const { name = '', release } = served ?? {}
    if (release === undefined || beside || signal?.aborted === true) return error
    return afterRestart(error, name, () => hypervisor.restore(release))
  }

  if (!beside) await hypervisor.hold?.()
  if (served !== undefined && !beside) await hypervisor.stop(served.machine)
  try {
    undo = await handOver?.()
    const machine = (started = await hypervisor.start(next))
    await hypervisor.awaitHealth(machine)
    return {
      machine,
      async commit() {
        try {
          await hypervisor.serve(machine)
        } catch (error) {
          throw await giveBack(error)
        }
        if (served !== undefined && beside) void hypervisor.stop(served.machine)
      },
      async abandon() {
        await abandon()
        if (served?.release !== undefined && !beside) await hypervisor.restore(served.release)
      },
    }
  } catch (error) {
    throw await giveBack(error)
  }
}

/**
 * The error of a failed change after the previous release was started again: it still names the first cause, also if
 * the previous release does not start either.
 *
 * @param what was started again, such as `release 3`
 */
export async function afterRestart(
  error: unknown,
  what: string,
  restart: () => Promise<void>,
): Promise<UserError> {
  const first = error instanceof Error ? error.message : String(error)
  const hint = error instanceof UserError ? error.hint : undefined
  let outcome = `${what} runs again`
  try {
    await restart()
  } catch (second) {
    outcome = `${what} did not start again: ${second instanceof Error ? second.message : String(second)}`
  }
  return new UserError(`${first}; ${outcome}`, { ...(hint === undefined ? {} : { hint }), cause: error })
}
