/** A CPU profile as Chrome's DevTools read it. Times are microseconds. */
export interface CpuProfile {
  nodes: ProfileNode[]
  startTime: number
  endTime: number
  /** Ids of nodes. */
  samples?: number[]
  /** Since the sample before. */
  timeDeltas?: number[]
}

export interface ProfileNode {
  id: number
  callFrame: CallFrame
  children?: number[]
}

export interface CallFrame {
  functionName: string
  url: string
  /** From 0. */
  lineNumber: number
}

/** A function and the time that was spent in it alone. */
export interface HotFunction {
  name: string
  /** File and line; empty for what has none. */
  place: string
  selfUs: number
}

/** What V8 has for the time in which nothing runs. */
export const idleName = '(idle)'

/** Where the app lies in the machine, as V8 names it. */
const appUrl = 'file:///srv/'

/** Time in each node alone, by its id. */
export function selfTimes({ samples = [], timeDeltas = [] }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>()
  for (const [index, id] of samples.entries()) {
    times.set(id, (times.get(id) ?? 0) + Math.max(0, timeDeltas[index + 1] ?? 0))
  }
  return times
}

/** The functions in which most of the time was spent, idle time left out. */
export function hottest(profile: CpuProfile, most: number): HotFunction[] {
  const times = selfTimes(profile)
  const functions = new Map<string, HotFunction>()
  for (const { id, callFrame } of profile.nodes) {
    const name = nameOf(callFrame)
    const place = placeOf(callFrame)
    const found = functions.get(`${name} ${place}`) ?? { name, place, selfUs: 0 }
    found.selfUs += times.get(id) ?? 0
    functions.set(`${name} ${place}`, found)
  }
  return [...functions.values()]
    .filter(({ name, selfUs }) => name !== idleName && selfUs > 0)
    .sort((a, b) => b.selfUs - a.selfUs)
    .slice(0, most)
}

/** Microseconds in which the process had something to do. */
export function busyTime(profile: CpuProfile): number {
  const times = selfTimes(profile)
  return profile.nodes
    .filter(({ callFrame }) => callFrame.functionName !== idleName)
    .reduce((sum, { id }) => sum + (times.get(id) ?? 0), 0)
}

/** How a function is called on a line. */
export function nameOf({ functionName }: CallFrame): string {
  return functionName === '' ? '(anonymous)' : functionName
}

/** e.g. `app/index.ts:12`, relative to the repository. */
export function placeOf({ url, lineNumber }: CallFrame): string {
  return url === '' ? '' : `${url.replace(appUrl, '')}:${lineNumber + 1}`
}

/**
 * The profile with the places of the app's files on this host, for an editor to open them: the build strips types
 * and leaves positions.
 *
 * @param repository URL of its folder, with a final slash
 */
export function withHostPaths(profile: CpuProfile, repository: string): CpuProfile {
  return {
    ...profile,
    nodes: profile.nodes.map(({ callFrame, ...node }) => ({
      ...node,
      callFrame: { ...callFrame, url: callFrame.url.replace(appUrl, () => repository) },
    })),
  }
}
