import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { aptInstall } from '../../../build/host/apt.ts'
import { UserError } from '../../../config/lib/errors.ts'

interface Told {
  calls: string[]
  doing: string[]
  waiting: string[]
}

/** Installs `bc` with an `apt-get` that runs this shell text, `$verb` being install or update. */
async function withApt(t: Test, text: string): Promise<Told & { log: string; error: unknown }> {
  const folder = t.testdir()
  const program = join(folder, 'apt-get')
  const calls = join(folder, 'calls')
  writeFileSync(calls, '')
  writeFileSync(
    program,
    `#!/bin/sh
for verb; do case $verb in install | update) break ;; esac; done
echo "$verb $DEBIAN_FRONTEND" >> ${calls}
${text}
`,
  )
  chmodSync(program, 0o755)
  const told: Told = { calls: [], doing: [], waiting: [] }
  const log = join(folder, 'logs/setup.log')
  const error: unknown = await aptInstall(['bc'], {
    prefix: ['env', `PATH=${folder}:/usr/bin:/bin`],
    log,
    doing: (text) => told.doing.push(text),
    waiting: (text) => told.waiting.push(text),
    retryDelay: 1,
  }).catch((error: unknown) => error)
  told.calls = readFileSync(calls, 'utf8').trim().split('\n')
  return { ...told, log: readFileSync(log, 'utf8'), error }
}

await t.test('installs without refreshing lists that will do', async (t) => {
  const { calls, doing, error } = await withApt(
    t,
    `echo 'Get:1 http://mirror.invalid/debian bookworm InRelease [151 kB]'
     echo 'Get:2 http://mirror.invalid/debian bookworm/main amd64 bc amd64 1.07.1 [109 kB]'
     echo 'Unpacking bc (1.07.1-3+b1) ...'
     echo 'Setting up bc (1.07.1-3+b1) ...'`,
  )
  t.equal(error, undefined)
  t.strictSame(calls, ['install noninteractive'])
  t.strictSame(doing, ['downloading bc', 'unpacking bc', 'setting up bc'])
})

await t.test('refreshes lists in which a package is not found', async (t) => {
  const { calls, log, error } = await withApt(
    t,
    `[ "$verb" = update ] && touch "$0.fresh" && exit 0
     [ -e "$0.fresh" ] || { echo 'E: Unable to locate package bc' >&2; exit 100; }`,
  )
  t.equal(error, undefined)
  t.strictSame(calls, ['install noninteractive', 'update noninteractive', 'install noninteractive'])
  t.match(log, 'Unable to locate package', 'the log keeps what was said on the way')
})

await t.test('shows the end of what apt said when it fails', async (t) => {
  const { error } = await withApt(
    t,
    `[ "$verb" = update ] && exit 0
     echo 'E: Unable to locate package bc' >&2; exit 100`,
  )
  t.type(error, UserError)
  t.match(error, {
    message: 'apt could not install packages',
    hint: /Unable to locate package bc[^]*universe[^]*setup\.log/,
  })
})

await t.test('waits while another program holds the locks', async (t) => {
  const { waiting, calls, error } = await withApt(
    t,
    `if [ "$verb" = update ]; then
       [ -e "$0.second" ] && touch "$0.fresh" && exit 0
       touch "$0.second"
       echo 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 77 (apt-get)' >&2; exit 100
     fi
     echo 'Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 42 (unattended-upgr)'
     [ -e "$0.fresh" ] || exit 100`,
  )
  t.equal(error, undefined)
  t.strictSame(
    calls.map((call) => call.split(' ')[0]),
    ['install', 'update', 'update', 'install'],
  )
  t.strictSame(waiting.slice(0, 2), [
    'waiting for another program that uses apt: process 42 (unattended-upgr)',
    'waiting for another program that uses apt: process 77 (apt-get)',
  ])
})

await t.test('a refresh that fails for another reason is not tried again', async (t) => {
  const { calls, error } = await withApt(
    t,
    `echo 'E: Failed to fetch http://mirror.invalid/InRelease  Could not resolve host' >&2; exit 100`,
  )
  t.match(error, { message: 'apt could not refresh the package lists', hint: /Could not resolve/ })
  t.equal(calls.length, 2)
})
