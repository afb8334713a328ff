/** Memory and descriptors of a process after each round of requests. */
export interface Held {
  heapMegabytes: number
  descriptors: number
}

/** Rounds in which caches fill and code is compiled. */
const warmUp = 2

/**
 * How much more a process holds with every round, as the middle one of all steps has it: a leak is in each of them,
 * what happens once is not.
 */
export function growth(rounds: readonly Held[]): Held {
  const middle = (of: keyof Held): number => {
    const held = rounds.slice(warmUp).map((round) => round[of])
    const steps = held.slice(1).map((value, index) => value - (held[index] ?? 0))
    return steps.toSorted((one, other) => one - other)[Math.floor(steps.length / 2)] ?? 0
  }
  return { heapMegabytes: middle('heapMegabytes'), descriptors: middle('descriptors') }
}
