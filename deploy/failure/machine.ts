import type { Cause, Explanation, Facts } from './app.ts'
import { eventsOf, type Line } from './console.ts'

const around = 6

/** Finds a cause that keeps the machine itself from starting: its kernel, its disks, its Node. */
export function machineCause(lines: readonly Line[], facts: Facts): Explanation | undefined {
  return panic(lines, facts) ?? initFailed(lines) ?? nodeFailed(lines)
}

const panics: readonly [RegExp, (facts: Facts) => Cause][] = [
  [
    /VFS: Unable to mount root fs/,
    () => ({
      cause: 'the kernel does not find the runtime layer (root=/dev/vda)',
      hint: 'attach the runtime layer as the first virtio disk, the app layer as the second; both with read access',
    }),
  ],
  [
    /No working init found|Requested init/,
    () => ({ cause: 'the runtime layer has no /init', hint: 'npm run build   builds it again' }),
  ],
  [
    /deadlocked on memory|Out of memory/,
    ({ memory }) => ({
      cause: `the machine has too little memory to start (machine.memory is ${memory} MiB)`,
      hint: 'raise machine.memory in config/system.json, then npm run build',
    }),
  ],
]

function panic(lines: readonly Line[], facts: Facts): Explanation | undefined {
  const at = lines.findIndex(({ text }) => text.includes('Kernel panic - not syncing'))
  if (at < 0 || eventsOf(lines.slice(at), 'node.started').length > 0) return undefined
  const [, reason = ''] = /Kernel panic - not syncing: (.*)$/.exec(lines[at]?.text ?? '') ?? []
  const known = panics.find(([pattern]) => pattern.test(reason))?.[1](facts)
  return {
    ...(known ?? { cause: `the kernel panicked: ${reason}` }),
    lines: lines.slice(Math.max(0, at - around), at + 1).map(({ text }) => text),
  }
}

const initHints: readonly [RegExp, string, string][] = [
  [
    /^app layer: \S+ did not appear/,
    'the app layer was not found',
    'attach the app layer as the second virtio disk, or name its device with nodeos.app= on the kernel command line',
  ],
  [/^app layer/, 'the app layer cannot be mounted', 'npm run build   builds it again'],
  [
    /^data: no disk/,
    'the data disk is missing',
    'attach a disk with an ext4 file system of that label; npm run deploy makes one for the targets of this repository',
  ],
  [/^data: \d+ disks/, 'the data disk is ambiguous', 'give the label to one disk only: e2label DEVICE LABEL'],
  [
    /^data: .*(?:needs a manual repair|cannot be repaired)/,
    'the data disk has errors that cannot be repaired automatically',
    'repair it by hand with e2fsck while the machine is off, or restore a snapshot: npm run deploy:rollback -- --data',
  ],
  [/^data: /, 'the data disk cannot be used', ''],
]

function initFailed(lines: readonly Line[]): Explanation | undefined {
  const [event] = eventsOf(lines, 'init.failed')
  if (event === undefined) return undefined
  const error = String(event['error'])
  const [, what = 'the machine cannot start', hint = ''] =
    initHints.find(([pattern]) => pattern.test(error)) ?? []
  return {
    cause: `${what}: ${error}`,
    ...(hint === '' ? {} : { hint }),
    lines: textOf(lines, 'init.failed', 'data.checked'),
  }
}

function nodeFailed(lines: readonly Line[]): Explanation | undefined {
  const [event] = eventsOf(lines, 'node.failed')
  if (event === undefined) return undefined
  return {
    cause: `Node cannot be started: ${String(event['error'])}`,
    hint: 'npm run build   builds the runtime layer again',
    lines: textOf(lines, 'node.failed'),
  }
}

function textOf(lines: readonly Line[], ...names: string[]): string[] {
  return lines
    .filter(({ event }) => event !== undefined && names.includes(event.event))
    .map(({ text }) => text)
    .slice(0, around)
}
