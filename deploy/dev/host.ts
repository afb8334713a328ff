import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { parse } from 'dotenv'
import { log } from '../../config/lib/log.ts'
import type { SystemConfig } from '../../config/system.types.ts'
import { firstPort } from '../../kernel/contract/guest-config.ts'
import { watchApp } from './source.ts'

export interface HostOptions {
  root: string
  config: SystemConfig
  /** File of KEY=value lines for the app. */
  envFile: string | undefined
  /** Port of the inspector, on 127.0.0.1. */
  inspect: number
  signal: AbortSignal
}

const killMs = 3000

/** Runs the app on this host as the machine would, and restarts it after each change, until the signal. */
export async function runOnHost({ root, config, envFile, inspect, signal }: HostOptions): Promise<void> {
  const given = envFile === undefined ? {} : parse(readFileSync(envFile, 'utf8'))
  const port = firstPort(config)
  const env = {
    ...process.env,
    NODE_ENV: 'development',
    ...(port === undefined ? {} : { PORT: String(port) }),
    ...config.app.env,
    ...given,
  }
  const argv = [
    `--inspect=127.0.0.1:${inspect}`,
    '--enable-source-maps',
    ...config.app.nodeOptions,
    config.app.entry,
  ]
  let child: ChildProcess | undefined
  const start = (): void => {
    const running = spawn(process.execPath, argv, { cwd: root, env, stdio: 'inherit' })
    child = running
    running.once('exit', (status, killed) => {
      if (child !== running || signal.aborted) return
      log.warn(`the app ended (${killed ?? `exit status ${status}`}); it restarts after the next change`)
    })
  }
  const restart = async (): Promise<void> => {
    const old = child
    child = undefined
    await end(old)
    if (!signal.aborted) start()
  }
  let changing = Promise.resolve()
  const stopWatching = watchApp(root, ['app', 'config', ...config.app.include], (path) => {
    log.step(`${path} changed`)
    changing = changing.then(restart)
  })
  start()
  if (!signal.aborted) await once(signal, 'abort')
  stopWatching()
  await changing
  await end(child)
}

/** Ends a process; kills it if it does not end in time. */
async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await Promise.race([exited, wait(killMs, undefined, { ref: false })])
  child.kill('SIGKILL')
  await exited
}
