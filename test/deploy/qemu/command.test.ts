import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { kernelCommandLine, qemuCommand } from '../../../deploy/qemu/command.ts'
import { machineSpec } from './fixture.ts'

const files = { console: '/run/console.log', qmp: '/run/qmp.sock', control: '/run/control.sock' }

/** The values of an option, in the order they come. */
function valuesOf(argv: readonly string[], option: string): string[] {
  return argv.flatMap((word, index) => (argv[index - 1] === option ? [word] : []))
}

await t.test('disks are read-only and in order', async (t) => {
  t.strictSame(valuesOf(qemuCommand(machineSpec(), files), '-drive'), [
    'if=none,id=disk0,format=raw,readonly=on,file=/dist/runtime.erofs',
    'if=none,id=disk1,format=raw,readonly=on,file=/dist/app.erofs',
  ])
})

await t.test('a comma in a path or a name is escaped', async (t) => {
  const spec = machineSpec({
    disks: ['/a,readonly=off/x'],
    instance: { envFile: '/e,f', hostname: 'a,string=b', repl: true },
  })
  const argv = qemuCommand(spec, { console: '/c,d', qmp: '/q,server=off', control: '/r,s' })
  t.match(valuesOf(argv, '-drive')[0], /file=\/a,,readonly=off\/x$/)
  t.strictSame(valuesOf(argv, '-fw_cfg'), [
    'name=opt/nodeos/env,file=/e,,f',
    'name=opt/nodeos/hostname,string=a,,string=b',
    'name=opt/nodeos/repl,string=1',
  ])
  t.strictSame(valuesOf(argv, '-chardev'), [
    'socket,id=control,path=/r,,s,server=on,wait=off',
    'file,id=console,append=on,path=/c,,d',
  ])
  t.strictSame(valuesOf(argv, '-qmp'), ['unix:/q,,server=off,server=on,wait=off'])
})

await t.test('ports are forwarded to the guest, from the address they are bound to only', async (t) => {
  const ports = [
    { guest: 80, host: 8080, protocol: 'tcp' as const },
    { guest: 53, host: 5353, protocol: 'udp' as const },
  ]
  const [dhcp] = valuesOf(qemuCommand(machineSpec({ ports }), files), '-netdev')
  t.equal(dhcp, 'user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.1:5353-:53')
  const own = [...ports, { guest: 9229, host: 9229, protocol: 'tcp' as const, bind: '127.0.0.1' }]
  const [open] = valuesOf(qemuCommand(machineSpec({ ports: own, bind: '0.0.0.0' }), files), '-netdev')
  t.match(open, /tcp:0\.0\.0\.0:8080-:80,.*,hostfwd=tcp:127\.0\.0\.1:9229-:9229$/)
  const network = {
    mode: 'static',
    address: '192.0.2.15/24',
    gateway: '192.0.2.2',
    ipv6: 'off',
  } as const
  const [fixed] = valuesOf(qemuCommand(machineSpec({ ports, network }), files), '-netdev')
  t.equal(
    fixed,
    'user,id=net0,net=192.0.2.15/24,host=192.0.2.2,ipv6=off,' +
      'hostfwd=tcp:127.0.0.1:8080-192.0.2.15:80,hostfwd=udp:127.0.0.1:5353-192.0.2.15:53',
  )
  const none = qemuCommand(machineSpec({ ports, network: { mode: 'none', ipv6: 'auto' } }), files)
  t.strictSame([valuesOf(none, '-netdev'), none.includes('virtio-net-pci')], [[], false])
})

await t.test('the control channel has its own port; code runs only if it is allowed', async (t) => {
  const argv = qemuCommand(machineSpec(), files)
  t.ok(argv.includes('virtserialport,chardev=control,name=nodeos.control'))
  t.strictSame(valuesOf(argv, '-fw_cfg'), [])
  t.notMatch(qemuCommand(machineSpec(), {}).join(' '), /serial-pci|virtserialport/)
})

await t.test('without files, the console is stdio and there is no QMP socket', async (t) => {
  const argv = qemuCommand(machineSpec(), {})
  t.strictSame([valuesOf(argv, '-chardev'), valuesOf(argv, '-qmp')], [['stdio,id=console'], []])
})

await t.test('the configured arguments come last on the kernel command line', async (t) => {
  t.match(kernelCommandLine({ cmdline: '' }), /nodeos\.app=\/dev\/vdb$/)
  t.match(kernelCommandLine({ cmdline: 'quiet=0' }), /nodeos\.app=\/dev\/vdb quiet=0$/)
})

await t.test('QEMU accepts the whole command', async (t) => {
  const folder = t.testdir({ 'a,b': '', env: 'A=b\n' })
  const spec = machineSpec({
    kernel: join(folder, 'none'),
    disks: [join(folder, 'a,b')],
    instance: { envFile: join(folder, 'env'), hostname: 'given', repl: true },
    ports: [],
  })
  const [program, ...argv] = qemuCommand(spec, {
    console: join(folder, 'c,d'),
    qmp: join(folder, 'qmp'),
    control: join(folder, 'control'),
  })
  const { status, stderr } = spawnSync(program, argv, { encoding: 'utf8' })
  t.equal(status, 1)
  t.match(stderr, /could not open kernel file|could not load kernel/i, 'it fails on the missing kernel only')
  t.equal(stderr.trim().split('\n').length, 1, stderr)
  t.ok(existsSync(join(folder, 'c,d')), 'the console has its own name')
})
