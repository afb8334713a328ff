import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { folderOf } from './release.ts'
import { answersOn } from './until.ts'
import { makeKey } from './git-host.ts'
import { freePort } from './ports.ts'

/** An ssh server of this user, on the loopback interface. */
export interface Sshd {
  /** The remote of a path there. */
  remote(path: string): string
  /** Environment in which git and ssh get in. */
  env: Record<string, string>
}

export async function startSshd(t: Test): Promise<Sshd> {
  const folder = folderOf(t)
  const port = await freePort()
  const [hostKey, key] = [makeKey(folder, 'host'), makeKey(folder, 'login')]
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${key}.pub`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PidFile none',
  ]
  writeFileSync(join(folder, 'sshd_config'), `${config.join('\n')}\n`)
  // Where root's sshd confines its unprivileged half.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true })
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  sshd.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  t.teardown(() => sshd.kill())
  await answersOn(port).catch((error: unknown) => {
    throw new Error(`sshd does not listen: ${said}`, { cause: error })
  })
  const options = [
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
  ]
  return {
    remote: (path) => `ssh://${userInfo().username}@127.0.0.1:${port}${path}`,
    env: {
      GIT_SSH_COMMAND: `ssh -F none -i ${key} ${options.map((option) => `-o ${option}`).join(' ')}`,
    },
  }
}
