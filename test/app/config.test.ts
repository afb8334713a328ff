import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { root } from '../../config/lib/paths.ts'
import { createAjv } from '../../config/validator.ts'
import { planApp } from '../../build/app/stage.ts'
import { writeTree } from '../../build/app/tree.ts'
import { npmNode } from '../../build/runtime/node.ts'
import { loadConfig } from '../../config/load.ts'
import { checkAppConfig } from '../../config/app.ts'
import { certify } from '../lib/certify.ts'
import { appSchemaPath, readSchema } from '../../config/schema.ts'

/** A repository with this config/app.json and the shipped schema and app. */
function repository(t: Test, config: unknown): string {
  const folder = t.testdir({})
  mkdirSync(join(folder, 'config'))
  cpSync(join(root, 'config/app.schema.json'), join(folder, 'config/app.schema.json'))
  for (const path of ['app', 'kernel/contract', 'kernel/kit', 'package.json'])
    cpSync(join(root, path), join(folder, path), { recursive: true })
  writeFileSync(join(folder, 'config/app.json'), typeof config === 'string' ? config : JSON.stringify(config))
  return folder
}

t.ok(createAjv().validateSchema(readSchema(appSchemaPath)), 'the schema is a good one')

await t.test('accepts the configuration as shipped, and an absent one', async (t) => {
  await checkAppConfig(root)
  await checkAppConfig(t.testdir({}))
})

function https(certificate: string): object {
  return { listeners: [{ port: 1, protocol: 'https', certificates: [{ certificate, key: 'env:KEY' }] }] }
}

const pool = { backends: [{ address: 'a:1' }] }
const mistakes: [why: string, config: unknown, message: RegExp][] = [
  ['no JSON', '{ "routes": ', /config\/app\.json:1:/],
  ['a misspelt key', { rotues: [] }, /rotues: unknown key; did you mean "routes"\?/],
  ['a misspelt algorithm', { pools: { a: { algorithm: 'round-robbin' } } }, /algorithm: .*round-robin/],
  ['an address without a port', { pools: { a: { backends: [{ address: 'a' }] } } }, /host:port such as/],
  [
    'an invalid port',
    { pools: { a: { backends: [{ address: 'a:99999' }] } } },
    /invalid port 99999: use 1 to 65535/,
  ],
  [
    'a backend twice',
    { pools: { a: { backends: [{ address: 'a:1' }, { address: 'a:1' }] } } },
    /duplicate address a:1/,
  ],
  [
    'a route to nowhere',
    { routes: [{ pool: 'b' }], pools: { a: pool } },
    /pool "b" does not exist; use one of: a/,
  ],
  [
    'a pool called __proto__',
    { routes: [{ pool: '__proto__' }] },
    /pool "__proto__" does not exist; add it to pools/,
  ],
  ['https without a certificate', { listeners: [{ port: 1, protocol: 'https' }] }, /needs a certificate/],
  [
    'a key in the image',
    { listeners: [{ port: 1, protocol: 'https', certificates: [{ certificate: 'a', key: 'b' }] }] },
    /env:NAME/,
  ],
  [
    'a certificate that is not there',
    https('config/tls/none.crt'),
    /listeners\[0\]\.certificates\[0\]\.certificate: config\/tls\/none\.crt: the file does not exist in the repository; use a PEM file, or env:NAME/,
  ],
  ['an invalid certificate', https('config/app.schema.json'), /config\/app\.schema\.json: .*use a PEM file/],
  [
    'a port twice',
    { listeners: [{ port: 1 }, { port: 1 }] },
    /port 1 is already used by listeners\[0\]\.port/,
  ],
  [
    'tcp to a http pool',
    { listeners: [{ port: 1, protocol: 'tcp', pool: 'a' }], pools: { a: pool } },
    /pool a has protocol http; a tcp listener needs one with tcp/,
  ],
  ['tcp to nowhere', { listeners: [{ port: 1, protocol: 'tcp' }] }, /a tcp listener needs a pool/],
  ['no network', { trustedProxies: ['1.2.3.4/33'] }, /invalid prefix length \/33: at most \/32/],
  ['several at once', { routes: [{ pool: 'x' }, { pool: 'y' }] }, /has 2 errors:/],
]

await t.test('accepts a certificate in the repository', async (t) => {
  const { certificate } = certify(t, 'site.example')
  const folder = repository(t, https('config/site.crt'))
  writeFileSync(join(folder, 'config/site.crt'), certificate)
  await checkAppConfig(folder)
})

for (const [why, config, message] of mistakes) {
  await t.test(`rejects ${why}`, async (t) => {
    await t.rejects(checkAppConfig(repository(t, config)), { name: 'UserError', message })
  })
}

await t.test('the image has the compiled validator, and needs no ajv', async (t) => {
  const config = await loadConfig({ env: {} })
  const folder = t.testdir({})
  writeTree(planApp({ root, config, node: (await npmNode('x64')).binary }).tree, folder)
  const check = `
    import { createRequire } from 'node:module'
    const { checked } = await import(${JSON.stringify(join(folder, 'app/config.ts'))})
    try { checked({ listeners: [{ port: 0 }] }) } catch (error) { console.log(error.message) }
    console.log(Object.keys(createRequire('/').cache).filter((path) => path.includes('/ajv/')).length)`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', check], { encoding: 'utf8' })
  t.equal(stdout, 'listeners[0].port: must be >= 1\n0\n')
})
