import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writeTree } from '../../../build/app/tree.ts'
import { type App, link, packageOf, paths, plan } from './fixture.ts'

const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n'

await t.test('secrets are left out and named; keys in app.include are packed', (t) => {
  const root = t.testdir({
    'package.json': '{}',
    '.env': 'SECRET=1',
    app: {
      'index.js': '',
      '.env': 'SECRET=1',
      '.env.local': 'SECRET=1',
      'prod.env': 'SECRET=1',
      'environment.js': '',
      '.npmrc': '//x/:_authToken=1',
      '.git': { config: '' },
      '.DS_Store': '',
      node_modules: { '.package-lock.json': '{}', x: packageOf('x') },
      tls: {
        'server.key': key,
        'server.pem': `x\n${key}`,
        'ca.pem': '-----BEGIN CERTIFICATE-----\n',
        'store.p12': '',
      },
      '.ssh': { id_ed25519: key },
    },
    config: { '.env': 'SECRET=1' },
  })
  const packed = (app?: App): string[] => paths(root, app).filter((path) => !path.startsWith('.nodeos/'))
  t.same(packed(), ['app/environment.js', 'app/index.js', 'app/tls/ca.pem', 'package.json'])
  t.same(plan(root).secrets, [
    'app/.env',
    'app/.env.local',
    'app/.npmrc',
    'app/.ssh',
    'app/prod.env',
    'app/tls/server.key',
    'app/tls/server.pem',
    'app/tls/store.p12',
    'config/.env',
  ])
  t.ok(packed({ include: ['app/tls/server.key'] }).includes('app/tls/server.key'))
  t.notOk(packed({ include: ['app/tls'] }).includes('app/tls/server.key'))
  for (const path of ['.env', 'app/.env.local', 'app/.npmrc']) {
    t.throws(() => plan(root, { include: [path] }), {
      name: 'UserError',
      message: `app.include: ${path} contains secrets: everyone who has the image can read it`,
    })
  }
  t.end()
})

await t.test('paths in app.include must be in the repository', (t) => {
  const root = t.testdir({ 'package.json': '{}', app: { 'index.js': '' } })
  for (const path of ['gone', '..', '../x', '.', 'app/..']) {
    t.throws(() => plan(root, { include: [path] }), {
      name: 'UserError',
      message: `app.include: ${path} does not exist in the repository`,
    })
  }
  t.end()
})

await t.test('links of the app point to packed files, or are rejected', (t) => {
  const root = t.testdir({ 'package.json': '{}', app: { 'index.js': '' }, shared: { 'a.js': '' } })
  link(root, 'app/self', '.')
  link(root, 'app/shared', '../shared')
  t.throws(() => plan(root), {
    message: 'app/shared links to shared, which is not packed',
    hint: /app\.include/,
  })
  t.same(plan(root, { include: ['shared'] }).tree.get('app/shared'), { kind: 'link', target: 'shared' })
  link(root, 'app/through', 'shared/a.js')
  link(root, 'app/.#index.js', 'me@host.1')
  t.ok(plan(root, { include: ['shared'] }).tree.has('app/through'))
  link(root, 'app/gone', 'nothing')
  t.throws(() => plan(root, { include: ['shared'] }), {
    message: 'app/gone links to app/nothing, which does not exist',
  })
  link(root, 'app/passwd', '/etc/passwd')
  t.throws(() => plan(root), { message: /^app\/passwd links to \/etc\/passwd, outside the repository/ })
  t.end()
})

await t.test('a link to a path of the machine need not exist here', (t) => {
  const root = t.testdir({ 'package.json': '{}', app: { 'index.js': '' } })
  for (const folder of ['/tmp', '/run', '/data']) link(root, `app/${folder.slice(1)}`, `${folder}/mine/cache`)
  const { tree } = plan(root)
  t.same(tree.get('app/data'), { kind: 'link', target: '/data/mine/cache' })
  const staged = join(root, 'staged')
  writeTree(tree, staged)
  t.equal(readlinkSync(join(staged, 'app/tmp')), '/tmp/mine/cache')
  link(root, 'app/up', '/tmp/../etc')
  t.throws(() => plan(root), { message: 'app/up links to /etc, outside the repository' })
  t.end()
})
