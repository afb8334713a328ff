import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import type { ReportFile } from '../contract/control.ts'
import type { Emit } from './event.ts'
import { reasonOf } from './errors.ts'

/** The part of a diagnostic report of Node that is read here. */
interface NodeReport {
  header: {
    event: string
    trigger: string
    dumpEventTime: string
    processId: number
    threadId: number | null
  }
  javascriptStack?: { message?: string; stack?: string[] }
  javascriptHeap?: { usedMemory: number; memoryLimit: number }
}

const mostReports = 3
const mostFrames = 5
const longestText = 300
/** Node's name of a report; announced reports are renamed. */
const isNew = /^report\..*\.json$/

/**
 * Emits an event for each new report, and keeps the newest three. Node writes a report when memory runs out, on a
 * fatal error of V8 and on an uncaught exception.
 *
 * @param folder where Node writes them; created if missing, because Node does not
 */
export function announceReports(folder: string, emit: Emit): void {
  try {
    mkdirSync(folder, { recursive: true })
    for (const name of readdirSync(folder).sort()) if (isNew.test(name)) announce(folder, name, emit)
    for (const { name } of listReports(folder).slice(mostReports)) rmSync(`${folder}/${name}`)
  } catch (error) {
    emit('node', 'system.error', { error: `cannot read diagnostic reports: ${reasonOf(error)}` })
  }
}

function announce(folder: string, name: string, emit: Emit): void {
  const report = parse(readFileSync(`${folder}/${name}`, 'utf8'))
  // Another process may still write it.
  if (report === undefined) return
  const known = announcedName(report)
  renameSync(`${folder}/${name}`, `${folder}/${known}`)
  emit('node', 'report.written', { report: known, ...summary(report) })
}

/** Lists the reports, newest first. */
export function listReports(folder: string): ReportFile[] {
  return readdirSync(folder)
    .map((name) => ({ name, stat: statSync(`${folder}/${name}`) }))
    .sort((a, b) => b.stat.mtimeMs - a.stat.mtimeMs)
    .map(({ name, stat }) => ({ name, bytes: stat.size }))
}

function parse(text: string): NodeReport | undefined {
  try {
    return JSON.parse(text) as NodeReport
  } catch {
    return undefined
  }
}

function announcedName({ header }: NodeReport): string {
  return `${header.dumpEventTime.replaceAll(':', '-')}-${header.processId}-${header.threadId ?? 0}.json`
}

/** Summarises a report in a line. */
function summary({ header, javascriptStack, javascriptHeap }: NodeReport): Record<string, unknown> {
  const stack = topOfStack([javascriptStack?.message ?? '', ...(javascriptStack?.stack ?? [])])
  return {
    trigger: header.trigger,
    cause: header.event.slice(0, longestText),
    pid: header.processId,
    ...(javascriptHeap === undefined
      ? {}
      : {
          heap_mib: mebibytes(javascriptHeap.usedMemory),
          heap_limit_mib: mebibytes(javascriptHeap.memoryLimit),
        }),
    ...(stack.length === 0 ? {} : { stack }),
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}

/** Returns the error and its innermost frames, if V8 has them. The line that threw may precede the error. */
function topOfStack(lines: string[]): string[] {
  const first = lines.findIndex((line) => line.startsWith('at '))
  if (first < 0) return []
  return lines.slice(first - 1, first + mostFrames).map((line) => line.slice(0, longestText))
}
