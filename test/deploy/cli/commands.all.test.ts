import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkout } from '../../lib/checkout.ts'
import { folderOf } from '../../lib/release.ts'
import { verbs } from '../../../deploy/cli/cli.ts'
import { plainWorld } from '../../lib/repository.ts'

type Environment = Record<string, string>

const world = await plainWorld(t)
const copy = checkout()
t.teardown(() => copy.remove())
const state = folderOf(t)
const toGit: Environment = {
  NODEOS_DEPLOY_TARGET: 'git',
  NODEOS_DEPLOY_OPTIONS: JSON.stringify({ remote: world.remote, key: world.key }),
}

/** A verb as npm runs it. */
function run(verb: string, words: readonly string[], env: Environment) {
  return spawnSync(process.execPath, ['deploy/cli/cli.ts', verb, ...words], {
    cwd: copy.path,
    encoding: 'utf8',
    env: { ...process.env, XDG_STATE_HOME: state, ...env },
  })
}

function data(result: { status: number | null; stdout: string; stderr: string }): Record<string, unknown> {
  if (result.status !== 0) throw new Error(result.stderr)
  return JSON.parse(result.stdout) as Record<string, unknown>
}

function git(...words: string[]): string {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'commit.gpgsign=false']
  const { status, output } = copy.run(['git', ...identity, ...words])
  if (status !== 0) throw new Error(output)
  return output.trim()
}

/** Stands in for a build of the checkout: its layers are words. */
async function build(env: Environment): Promise<void> {
  const script = `const { loadConfig } = await import('./config/load.ts')
    const { gitState } = await import('./build/pipeline/manifest.ts')
    console.log(JSON.stringify({ source: gitState(), system: await loadConfig() }))`
  const { status, output } = copy.run([process.execPath, '--input-type=module', '-e', script], env)
  if (status !== 0) throw new Error(output)
  const { dist, manifest } = await world.release('app', JSON.parse(output) as object)
  copy.run(['sh', '-ec', `mkdir -p dist && cp -r '${dist}'/. dist`])
  writeFileSync(join(copy.path, 'dist/manifest.json'), JSON.stringify(manifest))
}

await t.test('releases are a history of the source', async (t) => {
  git('init', '--quiet', '--initial-branch=main')
  git('add', '--all')
  git('commit', '--quiet', '--message=first')
  const first = git('rev-parse', 'HEAD')
  await build(toGit)
  t.match(data(run('deploy', ['--json'], toGit)), { number: 1 })

  writeFileSync(join(copy.path, 'app/later.ts'), 'export {}\n')
  git('add', '--all')
  git('commit', '--quiet', '--message=second')
  const second = git('rev-parse', 'HEAD')
  const stale = `dist/ was built from commit ${first.slice(0, 12)}, but commit ${second.slice(0, 12)} is checked out`
  await t.test('the old build is rejected: a revert alone changes nothing', (t) => {
    const { status, stderr } = run('deploy', [], toGit)
    t.equal(status, 1)
    t.ok(stderr.includes(`error: ${stale}`), stderr)
    t.match(stderr, /npm run build/)
    t.match(run('deploy', ['--dry-run'], {}).stderr, stale, 'the target local warns, and continues')
    t.end()
  })

  await t.test('a build of a later commit is accepted, one of an earlier commit is not', async (t) => {
    await build(toGit)
    t.match(data(run('deploy', ['--json'], toGit)), { number: 2 })
    git('checkout', '--quiet', first)
    await build(toGit)
    const { status, stderr } = run('deploy', [], toGit)
    t.equal(status, 1)
    t.match(
      stderr,
      `release 2 was built from commit ${second.slice(0, 12)}, which this build does not include`,
    )
    git('checkout', '--quiet', 'main')
  })

  await t.test('sources with changes are marked', async (t) => {
    writeFileSync(join(copy.path, 'app/later.ts'), 'export const changed = true\n')
    await build(toGit)
    const { commit } = data(run('deploy', ['--json'], toGit))
    const message = spawnSync('git', ['-C', world.remote, 'log', '-1', '--format=%B', String(commit)])
    t.match(String(message.stdout), `source: ${second} with changes`)
    t.match(run('list', [], toGit).stdout, `${second.slice(0, 10)} with changes`)
  })
})

await t.test('deploy:list and deploy:rollback', (t) => {
  const listed = run('list', ['--json'], toGit)
  t.match(data(listed), { releases: [{ number: 3, serves: false }, { number: 2 }, { number: 1 }] })
  t.match(listed.stderr, /cannot determine which release serves: .* only stores releases/)
  t.match(data(run('rollback', ['2', '--json'], toGit)), { number: 4, serves: false })
  t.match(data(run('list', ['--json'], toGit)), { releases: [{ number: 4, rollbackOf: 2 }] })
  const options = { remote: world.remote, key: world.key, branch: 'staging' }
  t.match(run('list', [], { ...toGit, NODEOS_DEPLOY_OPTIONS: JSON.stringify(options) }), {
    status: 1,
    stderr: /has releases, but none on the branch staging[^]*deploy\.options\.branch/,
  })
  t.match(run('rollback', ['77'], toGit), { status: 1, stderr: /release 77 does not exist/ })
  t.end()
})

await t.test('deploy:destroy asks for confirmation', async (t) => {
  t.match(run('destroy', ['--yes'], toGit), { status: 1, stderr: /only stores releases/ })
  const local = { NODEOS_DEPLOY_TARGET: 'local' }
  t.match(run('destroy', [], local), {
    status: 1,
    stdout: '',
    stderr: /confirmation needs a terminal[^]*--yes/,
  })
  t.strictSame(data(run('destroy', ['--yes', '--json'], local)), { destroyed: false })

  /** With a terminal, and somebody who types an answer once it is asked for, or never. */
  const asked = async (answer: string): Promise<{ status: number | null; output: string }> => {
    const command = `'${process.execPath}' deploy/cli/cli.ts destroy`
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: copy.path,
      env: { ...process.env, ...local, XDG_STATE_HOME: state },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString()
      if (output.includes('to confirm: ') && child.stdin.writable) child.stdin.end(`${answer}\n`)
    })
    const [status] = (await once(child, 'close')) as [number | null]
    return { status, output }
  }
  t.match(await asked('no'), { status: 1, output: /Type nodeos to confirm: [^]*error: nothing was removed/ })
  t.match(await asked('nodeos'), { status: 0, output: /no machine is deployed/ })
})

await t.test('--json prints JSON, or nothing beside an error', (t) => {
  const local = { NODEOS_DEPLOY_TARGET: 'local' }
  const more: Record<string, string[]> = {
    deploy: ['--dry-run'],
    destroy: ['--yes'],
    logs: ['--no-follow'],
    repl: ['--eval', '1'],
  }
  for (const [target, env] of Object.entries({ git: toGit, local })) {
    for (const [name, { json }] of Object.entries(verbs)) {
      if (json !== undefined && 'unsupported' in json) continue
      const { status, stdout, stderr } = run(name, [...(more[name] ?? []), '--json'], env)
      const what = `${name} with the target ${target}`
      t.match(stdout === '' ? {} : JSON.parse(stdout), {}, what)
      t.equal(stderr.match(/^(error|bug): /gm)?.length ?? 0, status === 1 ? 1 : 0, `${what}: ${stderr}`)
      t.equal(stdout === '', status === 1, what)
    }
  }
  t.end()
})
