import { Duplex, duplexPair } from 'node:stream'
import t from 'tap'
import { openControl } from '../../../deploy/control/client.ts'
import { type Method, Server } from '../../../kernel/system/control/server.ts'

/** Both ends: a client on one, a server of the machine on the other. */
function machine(methods: Record<string, Method>): { host: Duplex; guest: Duplex } {
  const [host, guest] = duplexPair()
  const server = new Server(methods, async (text) => {
    guest.write(text)
  })
  guest.on('data', (data: Buffer) => server.push(data))
  return { host, guest }
}

await t.test('calls side by side, with chunks', async (t) => {
  const { host } = machine({
    status: () => 'fine',
    'profile.heap': async (_, send) => {
      await send(Buffer.from('one '))
      await send(Buffer.from('two'))
    },
  })
  const control = await openControl(host)
  const parts: Buffer[] = []
  const [status, heap] = await Promise.all([
    control.call('status', {}),
    control.call('profile.heap', {}, { onChunk: (part) => parts.push(part) }),
  ])
  t.strictSame([status, heap, Buffer.concat(parts).toString()], ['fine', null, 'one two'])
  await t.rejects(control.call('repl', { source: '1' }), {
    name: 'ControlError',
    message: /unknown method "repl"/,
  })
  control.close()
})

await t.test('what is left of another conversation is passed over', async (t) => {
  const { host, guest } = machine({ status: () => 'fine' })
  guest.write('"chunk":"AAAA"}\n{"id":"other","result":1}\nnull\n3\n{"id":"ot')
  const control = await openControl(host)
  t.equal(await control.call('status', {}), 'fine')
  control.close()
})

await t.test('a machine that restarts Node, or goes, ends the calls that run', async (t) => {
  for (const [end, message] of [
    [(guest: Duplex) => guest.write('\n{"hello":"nodeos.control","pid":0,"started":0}\n'), /restarted/],
    [(guest: Duplex) => guest.end(), /closed its control channel/],
  ] as const) {
    const { host, guest } = machine({ status: () => new Promise(() => {}) })
    host.on('end', () => host.destroy())
    const control = await openControl(host)
    setTimeout(() => end(guest), 20)
    await t.rejects(control.call('status', {}), { message })
    control.close()
  }
})

await t.test('an answer that is too long is an error', async (t) => {
  const { host } = machine({ repl: () => 'x'.repeat(17 * 2 ** 20) })
  const control = await openControl(host)
  await t.rejects(control.call('repl', { source: '' }), /longer than 16/)
  control.close()
})

await t.test('a connection that fails', async (t) => {
  const { connect } = await import('node:net')
  await t.rejects(openControl(connect(`${t.testdir()}/none.sock`)), {
    message: /control channel: .*ENOENT/,
    hint: /deploy:logs/,
  })
})
