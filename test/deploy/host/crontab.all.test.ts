import { execFileSync, spawnSync, type StdioOptions } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { root } from '../../../config/lib/paths.ts'
import { folderOf } from '../../lib/release.ts'
import { missingTools, toolEnv } from '../../kernel/fixtures/namespace.ts'

// systemd would be taken where it runs: the folder by which it is known is hidden.
const hidden = [
  'mount -t tmpfs none /var/spool/cron',
  'mkdir -m 1730 /var/spool/cron/crontabs',
  'chgrp crontab /var/spool/cron/crontabs 2>/dev/null || true',
  'mount -t tmpfs none /run',
  'mount --bind /dev/null /etc/crontab',
  'for folder in /etc/cron.d /etc/cron.hourly; do [ ! -d $folder ] || mount -t tmpfs none $folder; done',
]

const missing = missingTools(['crontab', 'cron'])
const why =
  missing.length > 0
    ? `NOT TESTED: ${missing.join(', ')} not found`
    : spawnSync('unshare', ['--mount', 'true']).status === 0
      ? false
      : 'NOT TESTED: only root can hide the crontabs of this host from the test'

const host = `env -u NODE_OPTIONS '${process.execPath}' '${join(root, 'deploy/cli/cli.ts')}' host`

/** Runs a script where crontabs are those of the test alone. */
function run(t: Test, script: readonly string[]): string {
  const home = join(folderOf(t), 'nodeos')
  const set = [`home='${home}'`, `service() { ${host} "$@" --home "$home"; }`]
  const all = ['set -eu', ...hidden, ...set, ...script].join('\n')
  const stdio: StdioOptions = ['ignore', 'pipe', 'inherit']
  const options = { encoding: 'utf8', env: toolEnv(), stdio } as const
  try {
    return execFileSync('unshare', ['--mount', 'sh', '-c', all], options)
  } finally {
    if (existsSync(home)) spawnSync('sh', ['-c', `${host} uninstall --yes --home '${home}'`])
  }
}

await t.test(
  'an entry in the crontab, once, beside what else is there; gone with the service',
  { skip: why },
  (t) => {
    const said = run(t, [
      `printf '# mine\\n\\n1 2 3 4 5 true\\n' | crontab -`,
      'service add lb',
      'echo ---; crontab -l',
      'service add other >/dev/null',
      'echo ---; crontab -l',
      'service uninstall --yes >/dev/null',
      'echo ---; crontab -l',
    ])
    const [added = '', first, second, last] = said.split('---\n')
    t.match(added, /cron starts it with the host, but cron is NOT running/)
    const entry = /^@reboot PATH=\S+ \S+node \S+cli\.ts host restart --home (\S+) >>\S+ 2>&1 # nodeos \1$/m
    t.match(first, entry)
    t.match(first, /^# mine\n\n1 2 3 4 5 true\n@reboot /)
    t.equal(second, first, 'only once')
    t.equal(last, '# mine\n\n1 2 3 4 5 true\n')
    t.end()
  },
)

await t.test('a crontab that was not there is not there afterwards', { skip: why }, (t) => {
  const said = run(t, [
    'service add lb >/dev/null',
    'crontab -l | grep -c @reboot',
    'service uninstall --yes >/dev/null',
    'crontab -l 2>&1 || true',
  ])
  t.match(said, /^1\nno crontab for /)
  t.end()
})

await t.test('the service comes back with the host: cron starts it', { skip: why }, (t) => {
  const said = run(t, [
    'service add lb >/dev/null',
    // The host goes down: nothing of it runs any more.
    `kill -9 $(sed 's/.*"pid": \\([0-9]*\\).*/\\1/;t;d' "$home/supervisor.json")`,
    // Without its supervisor the service ends by itself, and may have done so already.
    `pkill -9 -f "service[.]ts $home\\$" || true`,
    'while service status >/dev/null 2>&1; do sleep 0.1; done; echo down',
    // And up again.
    'cron -f >/dev/null 2>&1 & cron=$!',
    'for n in $(seq 1000); do if service status; then break; fi 2>/dev/null; sleep 0.3; done',
    'service add lb',
    'kill $cron',
  ])
  t.match(said, /^down\nlb: no release is deployed\n/)
  t.match(said, /cron starts it with the host\n/)
  t.end()
})

await t.test('without cron it is said what to run when the host starts', (t) => {
  const [bin, home] = [folderOf(t), join(folderOf(t), 'nodeos')]
  for (const name of ['git', 'sh', 'env']) {
    const [path = ''] = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).split('\n')
    execFileSync('ln', ['-s', path, join(bin, name)])
  }
  const env = { PATH: bin, HOME: process.env['HOME'] ?? '/' }
  const argv = (...words: string[]): string[] => [
    join(root, 'deploy/cli/cli.ts'),
    'host',
    ...words,
    '--home',
    home,
  ]
  t.teardown(() => void spawnSync(process.execPath, argv('uninstall', '--yes', '--purge'), { env }))
  const { stdout } = spawnSync(
    '/usr/bin/env',
    [
      '-i',
      ...Object.entries(env).map(([key, value]) => `${key}=${value}`),
      process.execPath,
      ...argv('add', 'lb'),
    ],
    { encoding: 'utf8' },
  )
  t.match(stdout, /it does NOT start with the host \(crontab was not found\)/)
  const [, command = ''] = /rc\.local:\n +(.*)\n/.exec(stdout) ?? []
  t.match(command, /cli\.ts host restart --home /)
  t.equal(spawnSync('sh', ['-c', command], { env: { HOME: env.HOME } }).status, 0, 'that command works')
  t.end()
})
