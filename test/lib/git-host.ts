import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { root } from '../../config/lib/paths.ts'
import { Home } from '../../deploy/host/home.ts'
import type { Release } from '../../deploy/target.ts'
import { appRelease, folderOf } from './release.ts'
import { freePort } from './ports.ts'

/** A host of its own in a folder: a real service, real repositories. */
export interface Host {
  home: Home
  /** Private key whose public half is trusted. */
  key: string
  /** Port of the host that leads to the appliance. */
  port: number
  repository: string
  /** Runs `npm run host -- …` there. */
  run(...words: string[]): { status: number | null; stdout: string; stderr: string }
  /** Returns the log of the service. */
  log(): string
  /** Kills processes of this host whose command line matches. Returns how many. */
  kill(program: RegExp): number
  /** A release of an app for it. */
  release(app: string, system?: object, on?: Release): ReturnType<typeof appRelease>
}

export const applianceName = 'lb'

/** Command lines of a host's processes. */
export const running = {
  service: /^\S+ \S+service\.ts /,
  supervisor: /^\S+ \S+supervise\.ts /,
  machine: /^qemu/,
}

/** @param within command that runs `npm run host` somewhere else, as in a namespace */
export async function startHost(t: Test, within: readonly string[] = []): Promise<Host> {
  const folder = folderOf(t)
  const home = new Home(join(folder, 'host'))
  const key = makeKey(folder, 'developer')
  const port = await freePort()
  const repository = home.repository(applianceName)
  // The crontab and the logins of whoever runs tests are theirs.
  const programs = folderOf(t)
  const scripts = { crontab: 'echo "not for tests" >&2; exit 1', loginctl: '[ "$1" = enable-linger ]' }
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const run: Host['run'] = (...words) => {
    const argv = [
      ...['-u', 'NODE_OPTIONS', `PATH=${programs}:${process.env['PATH'] ?? ''}`],
      process.execPath,
      join(root, 'deploy/cli/cli.ts'),
      'host',
      ...words,
      '--home',
      home.path,
    ]
    const [program = '', ...all] = [...within, 'env', ...argv]
    const { status, stdout, stderr } = spawnSync(program, all, { encoding: 'utf8' })
    return { status, stdout, stderr }
  }
  const done = run('add', applianceName, '--trust', `${key}.pub`, '--bind', '127.0.0.1')
  if (done.status !== 0) throw new Error(done.stderr)
  t.teardown(() => void run('uninstall', '--yes', '--purge'))
  return {
    home,
    key,
    port,
    repository,
    run,
    log: () => readFileSync(home.log, 'utf8'),
    kill: (program) => {
      const own = processes().filter(({ words }) => program.test(words) && words.includes(home.path))
      for (const { pid } of own) process.kill(pid, 'SIGKILL')
      return own.length
    },
    release: (app, system = {}, on) => {
      const config = {
        hostname: applianceName,
        ports: [{ guest: 8080, host: port }],
        health: { path: '/', timeout: 300 },
        restart: { crashLoopCount: 3 },
        deploy: { target: 'git', options: { remote: repository, key } },
        ...system,
      }
      return appRelease(t, app, config, on)
    },
  }
}

function processes(): { pid: number; words: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return {
          pid: Number(pid),
          words: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' '),
        }
      } catch {
        return []
      }
    })
}

/** @returns the file of the private half */
export function makeKey(folder: string, name: string): string {
  const file = join(folder, name)
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file])
  return file
}
