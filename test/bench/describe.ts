import type { Counted } from './count.ts'
import type { Counters } from './plugin.ts'

/** Of several runs the one whose total is in the middle. */
export function medianRun(runs: Counted[]): Counted {
  const sorted = runs.toSorted((a, b) => a.counters.total - b.counters.total)
  const middle = sorted[Math.floor((sorted.length - 1) / 2)]
  if (middle === undefined) throw new Error('no runs')
  return middle
}

/** The figures as lines for a person. */
export function describeCounted(label: string, counted: Counted, top = 40): string {
  const lines = [countLine(label, counted.seconds, counted.counters)]
  for (const stage of counted.stages) lines.push(countLine(`  ${stage.event}`, stage.seconds, stage.counters))
  for (const hot of counted.profile.slice(0, top)) {
    lines.push(`${giga(hot.instructions).padStart(10)} G  ${hot.name}`)
  }
  return lines.join('\n')
}

function countLine(label: string, seconds: number, c: Counters): string {
  const parts = `firmware ${giga(c.firmware)}  loader ${giga(c.loader)}  kernel ${giga(c.kernel)}  user ${giga(c.user)}`
  return `${label.padEnd(20)} ${giga(c.total)} G  ${seconds.toFixed(2).padStart(6)} s  ${parts}`
}

function giga(count: number): string {
  return (count / 1e9).toFixed(4)
}
