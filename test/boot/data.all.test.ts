import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { runSync } from '../../config/lib/run.ts'
import { DataDisk } from '../../deploy/data/disk.ts'
import { bootFiles } from '../../deploy/release/dist.ts'
import { readConsole } from '../../deploy/qemu/console.ts'
import { awaitEnd, killMachine, startMachine } from '../../deploy/qemu/machine.ts'
import { isRunning } from '../../config/lib/process.ts'
import { describeMachine } from '../../deploy/qemu/description.ts'
import { qmp } from '../../deploy/qemu/qmp.ts'
import { fullRelease } from '../lib/full.ts'
import { appRelease, folderOf } from '../lib/release.ts'
import { limitMs, untilFound } from '../lib/until.ts'
import { writer } from '../lib/writer.ts'
import { seeded } from '../kernel/fixtures/random.ts'

t.setTimeout(40 * 60_000)

const kills = 50
const mebibyte = 2 ** 20
const label = 'store'

type Line = Record<string, unknown>

/** A machine that runs the writer on a disk. */
interface Writer {
  /** Lines of JSON on the console so far. */
  lines(): Line[]
  /** Waits for a line with that key, or an event of that name. */
  waitFor(wanted: string): Promise<Line>
  /** Pulls the plug. */
  kill(): Promise<void>
  /** Presses the power button, and waits. */
  powerOff(): Promise<void>
}

const folder = folderOf(t)
const system = { hostname: 'writer', ports: [], network: { mode: 'none' }, data: { label } }
const { release } = await appRelease(t, writer, system, await fullRelease())
let boots = 0

async function boot(t: Test, disk: DataDisk): Promise<Writer> {
  const spec = describeMachine(bootFiles(release), { accelerator: 'tcg', data: disk.file, memory: 192 })
  const machine = await startMachine(spec, join(folder, `run-${boots++}`))
  t.teardown(() => killMachine(machine))
  const lines = (): Line[] => readConsole(machine).split('\n').flatMap(parse)
  return {
    lines,
    async waitFor(wanted) {
      return untilFound(wanted, () => {
        const running = isRunning(machine)
        const found = lines().find((line) => wanted in line || line['event'] === wanted)
        if (found === undefined && !running)
          throw new Error(`no ${wanted}; the console:\n${readConsole(machine)}`)
        return found
      })
    },
    kill: () => killMachine(machine),
    async powerOff() {
      await qmp(machine.files.qmp, 'system_powerdown')
      if (!(await awaitEnd(machine, limitMs)))
        throw new Error(`still on; the console:\n${readConsole(machine)}`)
    },
  }
}

/** Parses a line; undefined if it was cut off. */
function parse(line: string): Line[] {
  try {
    return [JSON.parse(line) as Line]
  } catch {
    return []
  }
}

/** The last number that was said to be on the disk. */
function lastKept(lines: readonly Line[]): number {
  return Math.max(0, ...lines.flatMap(({ kept }) => (typeof kept === 'number' ? kept : [])))
}

await t.test(
  `a machine killed ${kills} times while it writes finds everything that it had synced`,
  async (t) => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 100_000)
    t.comment(`SEED=${seed}`)
    const next = seeded(seed)
    const disk = new DataDisk(join(folder, 'killed.qcow2'))
    await disk.provide({ label, size: 64 })
    let kept = 0
    let recovered = 0
    const judge = (lines: readonly Line[], ended: number): void => {
      const ends = lines.filter(({ event }) => event === 'init.failed' || event === 'node.exited')
      t.equal(ends.length, ended, 'nothing ended but by the power button')
      if (
        lines.some(({ event, said }) => event === 'data.checked' && /recovering journal/.test(String(said)))
      )
        recovered += 1
      kept = Math.max(kept, lastKept(lines))
    }
    for (let turn = 0; turn <= kills; turn++) {
      if (turn % 10 === 9) {
        // Killed before it writes, as well: while the journal is replayed, or Node starts.
        const early = await boot(t, disk)
        await wait(300 + next() * 2500)
        await early.kill()
        judge(early.lines(), 0)
      }
      const machine = await boot(t, disk)
      const { found, check } = await machine.waitFor('found')
      for (const [what, n] of Object.entries(found as Record<string, number>))
        if (n < kept) t.fail(`kill ${turn}: ${kept} was synced, and ${what} ends with ${n}`)
      t.match(check, { integrity_check: 'ok' })
      await machine.waitFor('kept')
      await wait(next() * 1000)
      if (turn === kills) await machine.powerOff()
      else await machine.kill()
      judge(machine.lines(), turn === kills ? 1 : 0)
    }
    t.comment(`${kept} numbers, the journal was replayed ${recovered} times`)
    t.ok(kept > kills, 'it did write')
    t.ok(recovered > kills / 2, 'it was killed in the middle of writing')
    const raw = join(folder, 'killed.raw')
    runSync(['qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', disk.file, raw], {
      purpose: 'look at the disk',
    })
    const said = runSync(['e2fsck', '-f', '-n', raw], { purpose: 'check the disk' })
    t.notMatch(said, /recovering/, 'a machine that was switched off leaves nothing to repair')
  },
)

await t.test('grows the file system of an enlarged disk and keeps its files', async (t) => {
  const disk = new DataDisk(join(folder, 'grown.qcow2'))
  await disk.provide({ label, size: 32 })
  const small = await boot(t, disk)
  await small.waitFor('kept')
  t.same(
    small.lines().filter(({ event }) => event === 'data.grown'),
    [],
  )
  await small.powerOff()
  const kept = lastKept(small.lines())
  await disk.provide({ label, size: 4096 })
  const large = await boot(t, disk)
  t.match(await large.waitFor('data.grown'), { from: 32 * mebibyte, to: 4096 * mebibyte })
  const { found } = await large.waitFor('found')
  t.equal((found as { log: number }).log, kept)
  await large.powerOff()
  const again = await boot(t, disk)
  await again.waitFor('data.mounted')
  t.same(
    again.lines().filter(({ event }) => event === 'data.grown'),
    [],
  )
  await again.kill()
})

await t.test('reports a missing data disk', async (t) => {
  const disk = new DataDisk(join(folder, 'other.qcow2'))
  await disk.provide({ label: 'other', size: 16 })
  const machine = await boot(t, disk)
  t.match(await machine.waitFor('init.failed'), {
    error: `data: no disk has an ext4 file system with the label ${label}`,
  })
  await machine.kill()
})
