import type { Link, Native } from '../../native/binding.ts'

const pollMs = 20

export interface Found {
  link: Link | undefined
  /** Names of the candidates, when none was chosen. */
  candidates: string[]
}

/**
 * The interface with the wanted name, else the only one there is; waits for it while there is none or no
 * single one. Drivers in the kernel are done before the first process starts, so this is the exception.
 */
export async function findInterface(
  native: Pick<Native, 'links'>,
  wanted: string,
  waitMs: number,
): Promise<Found> {
  for (let waited = 0; ; waited += pollMs) {
    const cards = native.links().filter(({ loopback, ethernet }) => ethernet && !loopback)
    const link = cards.find(({ name }) => name === wanted) ?? (cards.length === 1 ? cards[0] : undefined)
    if (link !== undefined || waited >= waitMs) return { link, candidates: cards.map(({ name }) => name) }
    await pause(pollMs)
  }
}

/** Waits until the wire is there: what is sent before is lost. Gives up quietly after `waitMs`. */
export async function waitForCarrier(
  native: Pick<Native, 'links'>,
  index: number,
  waitMs: number,
): Promise<boolean> {
  for (let waited = 0; ; waited += pollMs) {
    if (native.links().find((link) => link.index === index)?.carrier) return true
    if (waited >= waitMs) return false
    await pause(pollMs)
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
