import { join } from 'node:path'
import { readFileSync, statSync } from 'node:fs'
import t from 'tap'
import type { SystemConfig } from '../../../../config/system.types.ts'
import type { RouteOptions } from '../../../../kernel/native/binding.ts'
import { applySettings } from '../../../../kernel/system/network/interface.ts'
import { hosts, resolvConf, writeIfChanged } from '../../../../kernel/system/network/session.ts'
import { leaseSettings } from '../../../../kernel/system/network/dhcp/lease.ts'
import { staticSettings } from '../../../../kernel/system/network/settings.ts'
import type { NetworkConfig } from '../../../../kernel/contract/guest-config.ts'
import type { Settings } from '../../../../kernel/system/network/settings.ts'

const network: NetworkConfig = { mode: 'dhcp', interface: 'eth0', dns: [], search: [], ntp: [], ipv6: 'auto' }
const asConfigured: (config: SystemConfig['network']) => NetworkConfig = (config) => config

const settings: Settings = {
  address: '192.0.2.5',
  prefix: 24,
  routes: [{ destination: '0.0.0.0', prefix: 0, gateway: '192.0.2.1' }],
  dns: [],
  search: [],
  ntp: [],
}

const route = ({ destination, prefix, gateway, source, onLink }: RouteOptions) =>
  `${destination}/${prefix} ${gateway ?? 'link'} ${source ?? '-'}${onLink ? ' onlink' : ''}`

/** A kernel that notes what it is told, and refuses what it is told to. */
function kernel(refuse: Record<string, string> = {}) {
  const calls: string[] = []
  const note = (text: string) => {
    calls.push(text)
    const code = refuse[text.split(' ')[0] ?? '']
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${text}`), { code })
  }
  return {
    calls,
    native: {
      linkSet: (index: number, { mtu }: { mtu?: number }) => note(`linkSet ${index} ${mtu}`),
      addressAdd: (_: number, address: string, prefix: number, options = {}) =>
        note(`addressAdd ${address}/${prefix} ${JSON.stringify(options)}`),
      addressDel: (_: number, address: string, prefix: number) => note(`addressDel ${address}/${prefix}`),
      routeReplace: (options: RouteOptions) => note(`routeReplace ${route(options)}`),
      routeDel: (options: RouteOptions) => note(`routeDel ${route(options)}`),
    },
  }
}

await t.test('static settings', async (t) => {
  t.strictSame(
    staticSettings({
      ...network,
      mode: 'static',
      address: '192.0.2.10/25',
      gateway: '192.0.2.1',
      dns: ['192.0.2.2'],
      mtu: 1400,
    }),
    {
      address: '192.0.2.10',
      prefix: 25,
      broadcast: '192.0.2.127',
      mtu: 1400,
      routes: [{ destination: '0.0.0.0', prefix: 0, gateway: '192.0.2.1' }],
      dns: ['192.0.2.2'],
      search: [],
      ntp: [],
    },
  )
  t.strictSame(staticSettings({ ...network, address: '192.0.2.10/25' }).routes, [])
  t.type(asConfigured, 'function', 'the configuration of the schema is accepted as it is')
})

await t.test('settings from a lease: the configuration goes first', async (t) => {
  const lease = {
    ...settings,
    dns: ['192.0.2.3', '192.0.2.2'],
    ntp: ['192.0.2.4'],
    mtu: 1500,
    lifetime: 1000,
    server: '192.0.2.1',
    renewAt: 500_000,
    rebindAt: 875_000,
    expiresAt: 1_000_000,
  }
  const config = { ...network, dns: ['192.0.2.2'], ntp: ['time.example'], mtu: 1400 }
  t.strictSame(leaseSettings(config, lease, 250_000), {
    ...settings,
    dns: ['192.0.2.2', '192.0.2.3'],
    ntp: ['time.example', '192.0.2.4'],
    mtu: 1400,
    lifetime: 750,
  })
  t.notOk('lifetime' in leaseSettings(config, { ...lease, expiresAt: Infinity }, 0))
})

await t.test('applied for the first time', async (t) => {
  const { calls, native } = kernel()
  const routes = [...settings.routes, { destination: '198.51.100.0', prefix: 24 }]
  t.strictSame(applySettings(native, 2, { ...settings, mtu: 1400, lifetime: 60, routes }, undefined), [])
  t.strictSame(calls, [
    'linkSet 2 1400',
    'addressAdd 192.0.2.5/24 {"validLifetime":60,"preferredLifetime":60}',
    'routeReplace 198.51.100.0/24 link 192.0.2.5',
    'routeReplace 0.0.0.0/0 192.0.2.1 192.0.2.5',
  ])
})

await t.test('a gateway outside of the subnet is on the link', async (t) => {
  const { calls, native } = kernel()
  applySettings(native, 2, { ...settings, prefix: 32 }, undefined)
  t.equal(calls[1], 'routeReplace 0.0.0.0/0 192.0.2.1 192.0.2.5 onlink')
})

await t.test('renewed: nothing is taken away', async (t) => {
  const { calls, native } = kernel()
  applySettings(native, 2, settings, settings)
  t.strictSame(calls, ['addressAdd 192.0.2.5/24 {}', 'routeReplace 0.0.0.0/0 192.0.2.1 192.0.2.5'])
})

await t.test('a route that is no longer told goes, the address stays', async (t) => {
  const { calls, native } = kernel()
  applySettings(native, 2, { ...settings, routes: [] }, settings)
  t.strictSame(calls, ['routeDel 0.0.0.0/0 192.0.2.1 192.0.2.5', 'addressAdd 192.0.2.5/24 {}'])
})

await t.test('another address: the old one goes first', async (t) => {
  const { calls, native } = kernel()
  applySettings(native, 2, { ...settings, address: '192.0.2.6' }, settings)
  t.strictSame(calls.slice(0, 3), [
    'routeDel 0.0.0.0/0 192.0.2.1 192.0.2.5',
    'addressDel 192.0.2.5/24',
    'addressAdd 192.0.2.6/24 {}',
  ])
})

await t.test('lost: all goes, and what is gone already is no problem', async (t) => {
  const { calls, native } = kernel({ routeDel: 'ESRCH', addressDel: 'EADDRNOTAVAIL' })
  t.strictSame(applySettings(native, 2, undefined, settings), [])
  t.strictSame(calls, ['routeDel 0.0.0.0/0 192.0.2.1 192.0.2.5', 'addressDel 192.0.2.5/24'])
})

await t.test(
  'a route that cannot be set is reported; an address that cannot be set is an error',
  async (t) => {
    t.match(applySettings(kernel({ routeReplace: 'ENETUNREACH' }).native, 2, settings, undefined), [
      /^ENETUNREACH/,
    ])
    t.match(applySettings(kernel({ linkSet: 'EINVAL' }).native, 2, { ...settings, mtu: 1 }, undefined), [
      /^EINVAL/,
    ])
    t.throws(() => applySettings(kernel({ addressAdd: 'EPERM' }).native, 2, settings, undefined), {
      code: 'EPERM',
    })
  },
)

await t.test('resolv.conf', async (t) => {
  t.equal(resolvConf([], []), '')
  t.equal(
    resolvConf(['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'], ['a.example', 'b.example']),
    'nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nsearch a.example b.example\n',
  )
})

await t.test('hosts', async (t) => {
  t.equal(hosts('web', '192.0.2.5', true), '127.0.0.1 localhost\n::1 localhost\n192.0.2.5 web\n')
  t.equal(hosts('web.example', undefined, false), '127.0.0.1 localhost\n127.0.1.1 web.example web\n')
})

await t.test('a file that reads so already is not written', async (t) => {
  const path = join(t.testdir({}), 'resolv.conf')
  writeIfChanged(path, 'one')
  const { ino } = statSync(path)
  writeIfChanged(path, 'one')
  t.equal(statSync(path).ino, ino)
  writeIfChanged(path, 'two')
  t.not(statSync(path).ino, ino, 'replaced at once, not overwritten')
  t.equal(readFileSync(path, 'utf8'), 'two')
})
