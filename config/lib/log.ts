import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Adds colours on a terminal, unless NO_COLOR is set. */
function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr })
}

/** Messages for a person, on stderr, so that stdout stays for results. */
export const log: Record<'step' | 'info' | 'warn', (text: string) => void> = {
  step: (text) => void process.stderr.write(`${styled('bold', '▸')} ${text}\n`),
  info: (text) => void process.stderr.write(`  ${styled('dim', text)}\n`),
  warn: (text) => void process.stderr.write(`${styled('yellow', 'warning:')} ${text}\n`),
}

export interface Progress {
  /** Shows the current activity: replaces the line on a terminal, else prints it at most every 15 seconds. */
  update(text: string): void
  /** Ends the line with a result. */
  done(text: string): void
}

const plainIntervalMs = 15_000
const redrawIntervalMs = 100

/** Starts a progress line. */
export function progress(label: string): Progress {
  const stream = process.stderr
  const started = Date.now()
  let printed = 0
  if (!stream.isTTY) log.step(label)
  return {
    update(text) {
      const now = Date.now()
      if (now - printed < (stream.isTTY ? redrawIntervalMs : plainIntervalMs)) return
      printed = now
      const elapsed = `${Math.round((now - started) / 1000)} s`
      if (stream.isTTY) {
        const line = `▸ ${label}  ${text}  ${elapsed}`.slice(0, (stream.columns || 80) - 1)
        stream.write(`\r\u001B[K${line}`)
      } else {
        stream.write(`  ${text}  ${elapsed}\n`)
      }
    },
    done(text) {
      if (stream.isTTY) stream.write('\r\u001B[K')
      if (stream.isTTY) log.step(`${label}  ${text}`)
      else log.info(text)
    },
  }
}
