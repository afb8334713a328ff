import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import t from 'tap'
import { root } from '../../../config/lib/paths.ts'

/** Prints endlessly; when interrupted, it ends after a while with status 7. */
const program = `
  import { makeContext } from ${JSON.stringify(join(root, 'deploy/cli/context.ts'))}
  const { signal, print } = makeContext('/nowhere', {})
  signal.addEventListener('abort', () => setTimeout(() => process.exit(7), 300))
  setInterval(() => print('again\\n'), 10)`

async function command(): Promise<ChildProcessByStdio<null, Readable, null>> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  await t.test(`${signal} interrupts a command, which then clears up`, async (t) => {
    const child = await command()
    child.kill(signal)
    t.same(await once(child, 'exit'), [7, null])
  })
}

await t.test(
  'a closed terminal interrupts it: by its signal, twice, and by closing the output',
  async (t) => {
    const child = await command()
    child.stdout.destroy()
    child.kill('SIGHUP')
    setTimeout(() => child.kill('SIGHUP'), 100)
    t.same(await once(child, 'exit'), [7, null])
  },
)

await t.test('closing its output interrupts it', async (t) => {
  const child = await command()
  child.stdout.destroy()
  t.same(await once(child, 'exit'), [7, null])
})
