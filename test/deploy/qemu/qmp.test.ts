import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { qmp } from '../../../deploy/qemu/qmp.ts'
import { folderOf } from '../../lib/release.ts'

/** Starts a QEMU that responds to each command. */
async function monitor(t: Test, answer: (command: string, socket: Socket) => void): Promise<string> {
  const path = join(folderOf(t), 'qmp.sock')
  const server = createServer((socket) => {
    socket.on('error', () => undefined).write('{"QMP": {"version": {}, "capabilities": []}}\r\n')
    createInterface({ input: socket }).on('line', (line) =>
      answer((JSON.parse(line) as { execute: string }).execute, socket),
    )
  }).listen(path)
  t.teardown(() => server.close())
  await once(server, 'listening')
  return path
}

await t.test('what a command returns, after the greeting, the handshake and events in between', async (t) => {
  const commands: string[] = []
  const path = await monitor(t, (command, socket) => {
    commands.push(command)
    const value = command === 'qmp_capabilities' ? {} : { running: true }
    socket.write(`{"event": "RESUME", "data": {}}\r\n${JSON.stringify({ return: value })}\r\n`)
  })
  t.strictSame(await qmp(path, 'query-status'), { running: true })
  t.strictSame(commands, ['qmp_capabilities', 'query-status'])
})

await t.test('a command that QEMU rejects', async (t) => {
  const path = await monitor(t, (command, socket) =>
    socket.write(
      command === 'qmp_capabilities'
        ? '{"return": {}}\r\n'
        : '{"error": {"class": "CommandNotFound", "desc": "The command dance has not been found"}}\r\n',
    ),
  )
  await t.rejects(qmp(path, 'dance'), { message: 'QMP dance: The command dance has not been found' })
})

await t.test('QEMU closes the connection, sends invalid JSON, or does not run', async (t) => {
  const closing = await monitor(t, (_, socket) => socket.destroy())
  await t.rejects(qmp(closing, 'query-status'), /closed/)
  const invalid = await monitor(t, (_, socket) => socket.write('{"return"\r\n'))
  await t.rejects(qmp(invalid, 'query-status'), /QMP query-status/)
  await t.rejects(qmp(join(folderOf(t), 'none.sock'), 'query-status'), { code: 'ENOENT' })
})
