import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { runSync } from '../../../../config/lib/run.ts'
import { Git } from '../../../../deploy/git/git.ts'
import { type Context, loadTarget, type Release, verb } from '../../../../deploy/target.ts'
import { sshPlace } from '../../../../deploy/targets/git/host.ts'
import { certify } from '../../../lib/certify.ts'
import { answering, appRelease, folderOf } from '../../../lib/release.ts'
import { answerOf } from '../../../lib/world.ts'
import { makeKey, startHost } from '../../../lib/git-host.ts'
import { startSshd } from '../../../lib/sshd.ts'

const target = await loadTarget('git')

/** A release for any remote. */
async function releaseTo(
  t: Test,
  options: { remote: string; key: string },
  env: NodeJS.ProcessEnv = {},
): Promise<{ release: Release; context: Context }> {
  const { release, context } = await appRelease(t, answering('one'), {
    hostname: 'lb',
    deploy: { target: 'git', options },
  })
  return { release, context: { ...context, env } }
}

/** A repository with git's default settings. */
function plainRepository(t: Test): string {
  const folder = join(folderOf(t), 'plain.git')
  runSync(['git', 'init', '--quiet', '--bare', '--initial-branch=main', folder], {
    purpose: 'make a repository',
  })
  return folder
}

/** git over https, as a web server runs it. */
async function serveHttps(t: Test, repositories: string): Promise<string> {
  const { certificate, key } = certify(t, 'localhost')
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://localhost')
    const backend = spawn('git', ['http-backend'], {
      env: {
        ...process.env,
        GIT_PROJECT_ROOT: repositories,
        GIT_HTTP_EXPORT_ALL: '1',
        REMOTE_USER: 'developer',
        REQUEST_METHOD: request.method,
        PATH_INFO: pathname,
        QUERY_STRING: searchParams.toString(),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        ...(request.headers['git-protocol'] === undefined
          ? {}
          : { GIT_PROTOCOL: String(request.headers['git-protocol']) }),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    request.pipe(backend.stdin.on('error', () => undefined))
    const chunks: Buffer[] = []
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    backend.on('close', () => {
      const answer = Buffer.concat(chunks)
      const end = answer.indexOf('\r\n\r\n')
      for (const line of answer.subarray(0, end).toString().split('\r\n')) {
        const [name = '', value = ''] = line.split(/: /, 2)
        if (name === 'Status') response.statusCode = Number.parseInt(value, 10)
        else response.setHeader(name, value)
      }
      response.end(answer.subarray(end + 4))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

await t.test('a host is reached over ssh', async (t) => {
  const host = await startHost(t)
  const sshd = await startSshd(t)
  const own = await host.release(answering('far'))
  const { deploy } = own.context.config
  const options = { ...deploy.options, remote: sshd.remote(host.repository) }
  for (const system of [own.context.config, own.release.manifest.system])
    system.deploy = { ...deploy, options }
  own.context.env = { ...process.env, ...sshd.env }

  t.match(await target.deploy(own.release, own.context), { text: 'release 1 serves', data: { serves: true } })
  t.equal(await answerOf(host.port), 'far no secret')
  t.match(await verb(target, 'status')(own.context), { data: { running: true, healthy: true, number: 1 } })
  let logs = ''
  await verb(target, 'logs')({ ...own.context, print: (text) => (logs += text) }, false)
  t.match(logs, /"event":"health\.ok"/)
  t.match(await verb(target, 'list')(own.context), { data: { releases: [{ number: 1, serves: true }] } })
  t.match(await verb(target, 'stop')(own.context), { data: { ending: 'powered off' } })
  t.match(await verb(target, 'list')(own.context), { data: { releases: [{ number: 1, serves: false }] } })
})

await t.test('a repository of git alone keeps releases; over https too', async (t) => {
  const key = makeKey(folderOf(t), 'developer')
  const folder = plainRepository(t)
  runSync(['git', '-C', folder, 'config', 'http.receivepack', 'true'], { purpose: 'allow pushes' })
  const https = await serveHttps(t, join(folder, '..'))
  for (const remote of [folder, `${https}/plain.git`]) {
    const { release, context } = await releaseTo(
      t,
      { remote, key },
      {
        ...process.env,
        GIT_SSL_NO_VERIFY: '1',
      },
    )
    const before = ((await verb(target, 'list')(context)).data['releases'] as object[]).length
    const { text, data } = await target.deploy(release, context)
    t.match(text, /which does not run releases$/)
    t.match(data, { number: before + 1, serves: false })
    t.match(await verb(target, 'rollback')(context, 1), { data: { number: before + 2 } })
    t.match(await verb(target, 'list')(context), { data: { releases: [{ rollbackOf: 1 }] } })
    await t.rejects(verb(target, 'status')(context), { message: /only stores releases/ })
  }
  const { context } = await releaseTo(t, { remote: folder, key })
  context.config.deploy.options = { remote: folder, key, branch: 'staging' }
  await t.rejects(verb(target, 'list')(context), { message: /has releases, but none on the branch staging/ })
  const git = new Git(folder)
  t.match(
    await git.run(['log', '-1', '--format=%G?%s', 'main'], { purpose: 'read' }),
    /Release 4: back to release 1/,
  )
  t.equal(spawnSync('git', ['-C', folder, 'fsck', '--full']).status, 0)
})

await t.test('a remote that does not exist, and one that is not configured', async (t) => {
  const key = makeKey(folderOf(t), 'developer')
  const { release, context } = await releaseTo(t, { remote: '/nonexistent/lb.git', key })
  await t.rejects(target.deploy(release, context), {
    message: 'cannot reach the remote /nonexistent/lb.git',
    hint: /does not appear to be a git repository/,
  })
  release.manifest.system.deploy.options = {}
  await t.rejects(target.deploy(release, context), {
    message: /^deploy\.options\.remote/,
    hint: /npm run host/,
  })
  release.manifest.system.deploy.options = { remote: plainRepository(t), key: '/nonexistent/key' }
  await t.rejects(target.deploy(release, context), { message: /signing key not found/ })
})

await t.test('where ssh leads to', (t) => {
  t.strictSame(sshPlace('git@host:nodeos/lb.git'), { host: 'git@host', path: 'nodeos/lb.git' })
  t.strictSame(sshPlace('ssh://git@host:2222/srv/lb.git'), {
    host: 'git@host',
    port: '2222',
    path: '/srv/lb.git',
  })
  t.strictSame(sshPlace('ssh://host/~/lb.git'), { host: 'host', path: 'lb.git' })
  t.throws(() => sshPlace('https://host/lb.git'), { message: /only stores releases/ })
  t.end()
})
