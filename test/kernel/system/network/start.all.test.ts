import { join } from 'node:path'
import t from 'tap'
import { buildNative } from '../../../../build/runtime/c-programs.ts'
import { npmNode } from '../../../../build/runtime/node.ts'
import { missingTools, namespaceCommand, noNamespace, toolEnv } from '../../fixtures/namespace.ts'

const namespace = namespaceCommand()
const missing = missingTools(['dnsmasq', 'ip', 'nsenter', 'setpriv'])
const reason =
  namespace === undefined
    ? noNamespace
    : missing.length > 0
      ? `NOT TESTED: ${missing.join(', ')} missing; apt-get install dnsmasq-base iproute2 util-linux`
      : undefined

await t.test(
  'the network layer in a namespace, with a real DHCP server',
  reason === undefined ? {} : { skip: reason },
  async (t) => {
    const out = join(t.testdir({}), 'native.node')
    await buildNative({ out, headers: (await npmNode('x64')).headers })
    const [bin = '', ...args] = namespace ?? []
    const checks = join(import.meta.dirname, '../../fixtures/network-checks.ts')
    await t.spawn(
      bin,
      [...args, process.execPath, checks, out],
      { env: toolEnv(), timeout: 120_000 },
      'namespace',
    )
  },
)
