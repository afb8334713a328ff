import { type Context, explain } from '../failure/explain.ts'

/** What ends an attempt to run the app. */
const failed = /"event":"(?:node\.exited|health\.failed|init\.failed)".*\n|Kernel panic - not syncing.*\n/
/** The app was restarted after a change, or the machine is being stopped: it ends on purpose. */
const onPurpose = /"event":"(?:app\.restarting|app\.draining|shutdown\.started)"/

/** Characters of the console that are kept: an app may run, and print, for days. */
const most = 2 ** 18

/**
 * Prints a console, and after each failure of the app the cause by name.
 *
 * @param print prints the console
 * @param warn prints a cause
 */
export function withCauses(
  print: (text: string) => void,
  context: Omit<Context, 'end'>,
  warn: (text: string) => void,
): (text: string) => void {
  let console = ''
  let last = ''
  return (text) => {
    print(text)
    console = `${console}${text}`.slice(-most)
    if (!failed.test(console)) return
    const attempt = console
    console = ''
    if (onPurpose.test(attempt)) return
    const { cause, hint } = explain(attempt, { ...context, end: 'failed' })
    // The app is restarted all the time: the same cause is printed once.
    if (cause !== last) warn(hint === undefined ? cause : `${cause}\n  ${hint}`)
    last = cause
  }
}
