/** A CPU profile in the format of Chrome's DevTools. Times are in microseconds. */
export interface CpuProfile {
  nodes: ProfileNode[]
  startTime: number
  endTime: number
  /** Ids of nodes. */
  samples?: number[]
  /** Since the previous sample. */
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

/** A function and its self time. */
export interface HotFunction {
  name: string
  /** File and line; empty if it has none. */
  place: string
  selfUs: number
}

/** The name that V8 gives to idle time. */
export const idleName = '(idle)'

/** The URL of the app in the machine. */
const appUrl = 'file:///srv/'

/** Returns the self time of each node, by its id. */
export function selfTimes({ samples = [], timeDeltas = [] }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>()
  for (const [index, id] of samples.entries()) {
    times.set(id, (times.get(id) ?? 0) + Math.max(0, timeDeltas[index + 1] ?? 0))
  }
  return times
}

/** Returns the functions with the highest self time, without idle time. */
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

/** Returns the time in which the process was busy, in microseconds. */
export function busyTime(profile: CpuProfile): number {
  const times = selfTimes(profile)
  return profile.nodes
    .filter(({ callFrame }) => callFrame.functionName !== idleName)
    .reduce((sum, { id }) => sum + (times.get(id) ?? 0), 0)
}

/** Returns the display name of a function. */
export function nameOf({ functionName }: CallFrame): string {
  return functionName === '' ? '(anonymous)' : functionName
}

/** e.g. `app/index.ts:12`, relative to the repository. */
export function placeOf({ url, lineNumber }: CallFrame): string {
  return url === '' ? '' : `${url.replace(appUrl, '')}:${lineNumber + 1}`
}

/**
 * Returns the profile with paths on this host, so that an editor can open them: the build strips types and keeps
 * positions.
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
