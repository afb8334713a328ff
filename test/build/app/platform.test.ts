import t from 'tap'
import {
  isFor,
  namesAnother,
  namesAnotherPlatform,
  namesOwn,
  type Platforms,
} from '../../../build/app/platform.ts'

await t.test('os, cpu and libc of a package.json are read as npm reads them', (t) => {
  const fits: Platforms[] = [
    {},
    { os: [] },
    { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
    { os: 'linux' },
    { os: ['darwin', 'linux'] },
    { os: ['!win32'] },
    { cpu: ['any'] },
  ]
  const not: Platforms[] = [
    { os: ['darwin'] },
    { os: ['!linux'] },
    { os: ['linux', '!linux'] },
    { cpu: ['arm64'] },
    { libc: 'musl' },
  ]
  for (const platforms of fits) t.ok(isFor('x64', platforms), JSON.stringify(platforms))
  for (const platforms of not) t.notOk(isFor('x64', platforms), JSON.stringify(platforms))
  t.ok(isFor('arm64', { cpu: ['arm64'] }))
  t.end()
})

await t.test('the platform that a path names', (t) => {
  const another = [
    'prebuilds/darwin-x64+arm64/node.napi.node',
    'prebuilds/win32-x64/thing.node',
    'prebuilds/linux-arm64/node.napi.armv8.node',
    'prebuilds/linux-x64/node.napi.musl.node',
    'thing.linux-x64-musl.node',
    'thing.linuxmusl-x64.node',
    'lib/binding/node-v137-darwin-arm64/thing.node',
    'bin/napi-v3/linux/arm64/thing.node',
    'bin/macos/thing.node',
  ]
  const own = [
    'prebuilds/linux-x64/node.napi.glibc.node',
    'thing.linux-x64-gnu.node',
    'linux/x86_64/thing.node',
  ]
  const neither = ['build/Release/thing.node', 'lib/window.node', 'darwinism.node']
  for (const path of another) t.ok(namesAnother('x64', path), path)
  for (const path of own) t.ok(namesOwn('x64', path) && !namesAnother('x64', path), path)
  for (const path of neither) t.notOk(namesOwn('x64', path) || namesAnother('x64', path), path)
  t.ok(namesOwn('x64', '@img/sharp-linux-x64'))
  t.notOk(namesOwn('x64', '@img/sharp-linuxmusl-x64'))
  t.notOk(namesOwn('x64', '@img/sharp-linux-arm64'))
  for (const name of ['@libsql/linux-x64-musl', '@img/sharp-linuxmusl-x64', '@swc/core-darwin-arm64'])
    t.ok(namesAnotherPlatform('x64', name), name)
  for (const name of ['@libsql/linux-x64-gnu', '@esbuild/linux-x64', 'macaddress', 'win-ca', 'windows-1252'])
    t.notOk(namesAnotherPlatform('x64', name), name)
  t.end()
})
