import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readElf } from '../../build/host/elf.ts'
import { findProgram } from '../../config/lib/find.ts'
import { rebuild } from '../../build/rebuild.ts'
import { nodeAbi, npmNode } from '../../build/runtime/node.ts'

const skip = findProgram('python3') === undefined && 'node-gyp needs python3'
const root = join(import.meta.dirname, '../..')

/** Written for V8 itself, so that it runs in one version of Node only. */
const source = `#include <node.h>
NODE_MODULE_INIT() {
  exports->Set(context, v8::String::NewFromUtf8Literal(context->GetIsolate(), "answer"),
               v8::Integer::New(context->GetIsolate(), 42)).Check();
}
`

await t.test(
  "an addon is compiled for the machine's Node, whatever npm is set to use",
  { skip },
  async (t) => {
    const folder = t.testdir({
      'package.json': '{"dependencies":{"answer":"1.0.0"}}',
      // Like a host with another Node: no such headers.
      '.npmrc': 'nodedir=/nowhere\n',
      node_modules: {
        answer: {
          'package.json': '{"name":"answer","version":"1.0.0","scripts":{"install":"node-gyp rebuild"}}',
          'binding.gyp': '{ "targets": [{ "target_name": "answer", "sources": ["answer.cc"] }] }',
          'answer.cc': source,
        },
      },
    })
    const node = await npmNode('x64')
    await rebuild(['answer'], folder, node)
    const addon = join(folder, 'node_modules/answer/build/Release/answer.node')
    t.match(readElf(addon), { abi: nodeAbi(node.binary).abi })
    const printed = execFileSync(node.binary, ['-p', `require(${JSON.stringify(addon)}).answer`])
    t.equal(printed.toString().trim(), '42')
    writeFileSync(join(folder, 'node_modules/answer/answer.cc'), 'not C++')
    await t.rejects(rebuild(['answer'], folder, node), {
      name: 'UserError',
      message: `could not compile answer for Node ${node.version}`,
    })
    await t.rejects(rebuild(['gone'], folder, node), { message: /^gone is not installed in / })
  },
)

await t.test('the command names a package', (t) => {
  const { status, stderr } = spawnSync(process.execPath, ['build/rebuild.ts'], {
    cwd: root,
    encoding: 'utf8',
  })
  t.equal(status, 2)
  t.match(stderr, /missing argument: package…[^]*npm run rebuild -- --help/)
  t.end()
})
