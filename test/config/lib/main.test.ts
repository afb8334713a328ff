import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'

const module = JSON.stringify(new URL('../../../config/lib/main.ts', import.meta.url).href)

/** Runs a command, interrupts it when it prints, and returns how it ended. */
async function interrupt(t: Test, body: string): Promise<{ end: unknown; stderr: string }> {
  const folder = t.testdir({
    'command.ts': `import { main } from ${module}
const command = { usage: 'x', example: 'x', summary: 'x', options: {}, help: {} }
await main(import.meta, command, async () => {
  ${body}
  process.stdout.write('begun')
  await new Promise((resolve) => setTimeout(resolve, 300_000))
})`,
  })
  // tap's own modules would handle the signal.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, `${folder}/command.ts`])
  const stderr = text(child.stderr)
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  child.kill('SIGINT')
  return { end: await ended, stderr: await stderr }
}

await t.test('an interrupted command ends by the signal, with a message', async (t) => {
  t.strictSame(await interrupt(t, ''), { end: [null, 'SIGINT'], stderr: '\nerror: interrupted\n' })
})

await t.test('a command that handles the signal decides itself', async (t) => {
  const own = await interrupt(t, `process.once('SIGINT', () => process.exit(7))`)
  t.strictSame(own, { end: [7, null], stderr: '' })
})
