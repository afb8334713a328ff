import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Guest, packAddons } from '../../../build/app/addons.ts'
import type { Package } from '../../../build/app/closure.ts'
import { hostLibraries, librariesOfProgram } from '../../../build/host/libraries.ts'
import type { Tree } from '../../../build/app/tree.ts'
import { compile, library } from './fixture.ts'

const folder = 'node_modules/addon'
const packages: Package[] = [{ name: 'addon', version: '1.0.0', folder, manifest: {} }]
const host = hostLibraries('x64')
const node = { version: '24.21.0', abi: 137 }
const guest = (): Guest => ({
  host,
  runtime: new Set(librariesOfProgram(process.execPath, host).keys()),
  node,
})

function treeOf(root: string, paths: string[]): Tree {
  return new Map(
    paths.map((path) => [path, { kind: 'copy', source: join(root, path), bytes: 1, executable: false }]),
  )
}

/** What becomes of these files of a package. */
function settle(
  root: string,
  paths: string[],
  extra: Partial<Guest> = {},
): { paths: string[]; carried: boolean } {
  const tree = treeOf(root, paths)
  const carried = packAddons(tree, { packages, arch: 'x64' }, () => ({ ...guest(), ...extra }))
  return { carried, paths: [...tree.keys()] }
}

function forArm(path: string): void {
  const bytes = readFileSync(path)
  bytes.writeUInt16LE(183, 18)
  writeFileSync(path, bytes)
}

await t.test("an addon that needs only Node's libraries is packed unchanged", (t) => {
  const root = t.testdir({})
  const path = `${folder}/build/Release/a.node`
  compile(join(root, path), { flags: ['-lm', '-lpthread', '-ldl'] })
  t.same(settle(root, [path]), { carried: false, paths: [path] })
  t.end()
})

await t.test('without addons, the guest is not examined', (t) => {
  const tree = treeOf(t.testdir({}), [`${folder}/index.js`])
  t.notOk(packAddons(tree, { packages, arch: 'x64' }, () => t.fail('asked') as never))
  t.end()
})

await t.test('prebuilt addons for other platforms are left out', (t) => {
  const root = t.testdir({})
  const own = `${folder}/prebuilds/linux-x64/a.glibc.node`
  const musl = `${folder}/prebuilds/linux-x64/a.musl.node`
  const freebsd = `${folder}/prebuilds/freebsd-x64/a.glibc.node`
  const arm = `${folder}/prebuilds/linux-arm64/a.node`
  const armLibrary = `${folder}/prebuilds/linux-arm64/liba.so.1`
  const mac = `${folder}/prebuilds/darwin-arm64/a.node`
  compile(join(root, own))
  compile(join(root, musl), { libraries: [library(root, 'libc.musl-x86_64.so.1')] })
  compile(join(root, freebsd), { libraries: [library(root, 'libc.so.7')] })
  for (const path of [arm, armLibrary]) forArm(compile(join(root, path)))
  writeFileSync(join(compile(join(root, mac))), Buffer.from('cffaedfe', 'hex'))
  t.same(settle(root, [own, musl, freebsd, arm, armLibrary, mac]).paths, [own])
  t.throws(() => settle(root, [musl, arm, mac]), {
    name: 'UserError',
    message:
      /^the native addon of addon cannot run .*: it has only prebuilds\/linux-x64\/a\.musl\.node, prebuilds\/linux-arm64/,
    hint: /npm run rebuild -- addon/,
  })
  t.end()
})

await t.test('an addon for another platform is rejected, with the package and the reason', (t) => {
  const root = t.testdir({})
  const path = `${folder}/build/Release/a.node`
  const file = compile(join(root, path))
  const whole = readFileSync(file)
  const refuse = (message: RegExp): void => {
    t.throws(() => settle(root, [path]), { name: 'UserError', message, hint: /rm -rf node_modules\/addon/ })
  }
  forArm(file)
  refuse(/of addon .*build\/Release\/a\.node is compiled for another processor \(arm64\)/)
  writeFileSync(file, Buffer.from('cffaedfe', 'hex'))
  refuse(/is compiled for macOS/)
  writeFileSync(file, Buffer.from('4d5a', 'hex'))
  refuse(/is compiled for Windows/)
  writeFileSync(file, 'oid sha256:1')
  refuse(/is not a compiled library/)
  writeFileSync(file, whole)
  compile(file, { libraries: [library(root, 'libc.musl-x86_64.so.1')] })
  refuse(/is linked with musl/)
  compile(file, { libraries: [library(root, 'libc.so.7')] })
  refuse(/is compiled for another system: it needs libc\.so\.7, and Linux has libc\.so\.6/)
  const own = 'app/native/a.node'
  forArm(compile(join(root, own)))
  t.throws(() => settle(root, [own]), {
    message: /^the native addon of the app .*app\/native\/a\.node is compiled/,
  })
  t.end()
})

/** The code of an addon that says which Node it is for in its name, as NODE_MODULE_INIT() does. */
const initializer = (abi: number): string => `void node_register_module_v${abi}(void) {}\n`
/** The same, in a structure that it registers, as NODE_MODULE() does. */
const registering = (abi: number): string => `
struct node_module { int version; unsigned flags; void *handle; const char *file; void *f; void *g; const char *name; void *priv; void *next; };
static struct node_module _module = { ${abi}, 0, 0, "a.cc", 0, 0, "a", 0, 0 };
extern void node_module_register(void *);
__attribute__((constructor)) static void run(void) { node_module_register(&_module); }
`

await t.test('an addon for another Node is rejected, with both ABI numbers and a remedy', (t) => {
  const root = t.testdir({})
  const path = `${folder}/build/Release/a.node`
  for (const code of [initializer(115), registering(115)]) {
    compile(join(root, path), { code })
    t.throws(() => settle(root, [path]), {
      name: 'UserError',
      message:
        "the native addon of addon is compiled for another Node: build/Release/a.node has ABI 115, and the machine's Node 24.21.0 has ABI 137",
      hint: "compile it for the machine's Node: npm run rebuild -- addon",
    })
  }
  const own = 'app/native/a.node'
  compile(join(root, own), { code: initializer(127) })
  t.throws(() => settle(root, [own]), { message: /of the app .*app\/native\/a\.node has ABI 127/ })
  const traced = 'app/.output/server/node_modules/@s/b/b.node'
  compile(join(root, traced), { code: initializer(127) })
  t.throws(() => settle(root, [traced]), {
    message: /of @s\/b is compiled .*: b\.node has ABI 127/,
    hint: /npm run rebuild -- @s\/b, then build app\/\.output\/server again$/,
  })
  t.end()
})

await t.test("an addon for the machine's Node, or for any Node, is packed", (t) => {
  const root = t.testdir({})
  const path = `${folder}/build/Release/a.node`
  const napi =
    'extern void napi_module_register(void *);\nvoid napi_register_module_v1(void) { napi_module_register(0); }'
  for (const code of [initializer(137), registering(137), napi]) {
    compile(join(root, path), { code })
    t.same(settle(root, [path]).paths, [path], code)
  }
  t.end()
})

const prebuilt = (abi: number): string => `${folder}/prebuilds/linux-x64/node.abi${abi}.node`

await t.test('of prebuilt addons for several versions of Node, the matching one is packed', (t) => {
  const root = t.testdir({})
  for (const abi of [115, 127, 137]) compile(join(root, prebuilt(abi)), { code: initializer(abi) })
  t.same(settle(root, [prebuilt(115), prebuilt(127), prebuilt(137)]).paths, [prebuilt(137)])
  t.throws(() => settle(root, [prebuilt(115), prebuilt(127)]), { message: /node\.abi115\.node has ABI 115/ })
  t.end()
})

await t.test('libraries of this host that Node does not have are packed, directly needed or not', (t) => {
  const root = t.testdir({})
  const inner = library(join(root, 'host'), 'libinner.so.3')
  const outer = library(join(root, 'host'), 'libouter.so.2', { libraries: [inner] })
  const path = `${folder}/build/Release/a.node`
  compile(join(root, path), { libraries: [outer] })
  const known = new Map([...host, ['libouter.so.2', outer], ['libinner.so.3', inner]])
  t.same(settle(root, [path], { host: known }), {
    carried: true,
    paths: [path, '.nodeos/lib/libouter.so.2', '.nodeos/lib/libinner.so.3'],
  })
  t.throws(() => settle(root, [path]), {
    message: /build\/Release\/a\.node needs libouter\.so\.2, which this host does not have/,
  })
  t.end()
})

await t.test('libraries beside the addon are found there, also in the guest', (t) => {
  const root = t.testdir({})
  const shared = 'node_modules/other/lib/libshared.so.1'
  library(join(root, 'node_modules/other/lib'), 'libshared.so.1')
  const path = `${folder}/build/Release/a.node`
  compile(join(root, path), {
    libraries: [join(root, shared)],
    flags: ['-Wl,-rpath,$ORIGIN/../../../other/lib'],
  })
  t.same(settle(root, [path, shared]), { carried: false, paths: [path, shared] })
  t.same(
    settle(root, [path]),
    { carried: true, paths: [path, '.nodeos/lib/libshared.so.1'] },
    'what is not packed there is carried',
  )
  compile(join(root, path), {
    libraries: [join(root, shared)],
    flags: [`-Wl,-rpath,${join(root, 'node_modules/other/lib')}`],
  })
  t.ok(settle(root, [path, shared]).carried, 'an absolute path leads nowhere in the guest')
  renameSync(join(root, 'node_modules/other'), join(root, 'node_modules/moved'))
  t.throws(() => settle(root, [path]), { message: /needs libshared\.so\.1/ })
  t.end()
})
