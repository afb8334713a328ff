import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { findOvmf } from '../../build/host/loaders.ts'
import { dist } from '../../config/lib/paths.ts'
import { artefactPath, loadRelease } from '../../deploy/release/dist.ts'
import type { Release } from '../../deploy/target.ts'
import { kernelCommandLine, qemuCommand } from '../../deploy/qemu/command.ts'
import { machineSpec } from '../deploy/qemu/fixture.ts'
import { fullRelease } from '../lib/full.ts'
import { limit } from '../lib/until.ts'

const release = await loadRelease(dist)
/** Its kernel has what image formats need: EFI. */
const withFormats = await fullRelease()

/** Boots the kernel through the firmware and resolves with the console when the app is healthy. */
async function bootThrough(
  firmware: string[],
  onEnd: (end: () => void) => void,
  booted: Release = release,
): Promise<string> {
  const path = (name: string): string => artefactPath(booted, name)
  const spec = machineSpec({
    kernel: path('kernel/vmlinuz'),
    append: kernelCommandLine(booted.manifest.system.kernel),
    disks: [path('runtime'), path('app')],
  })
  const [program, ...argv] = qemuCommand(spec, {})
  const child = spawn(program, [...argv, ...firmware], { stdio: ['ignore', 'pipe', 'inherit'] })
  onEnd(() => child.kill('SIGKILL'))
  let console = ''
  child.stdout.on('data', (data: Buffer) => {
    console += data.toString()
    if (console.includes('"event":"health.ok"')) child.kill('SIGKILL')
  })
  await once(child, 'close', { signal: limit() }).catch((error: unknown) => {
    throw new Error(`not healthy; the console:\n${console}`, { cause: error })
  })
  return console
}

await t.test('the bzImage boots through BIOS', async (t) => {
  t.match(await bootThrough([], (end) => t.teardown(end)), /"event":"health\.ok"/)
})

await t.test('a bzImage for image formats boots through EFI', async (t) => {
  const ovmf = findOvmf()
  if (ovmf === undefined) throw new Error('OVMF is missing: npm run doctor')
  const firmware = ['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${ovmf}`]
  const console = await bootThrough(firmware, (end) => t.teardown(end), withFormats)
  t.match(console, /"event":"health\.ok"/)
})

await t.test('the app serves on an old CPU, without SSE4.2', async (t) => {
  // Of two options, QEMU takes the last one.
  t.match(await bootThrough(['-cpu', 'qemu64'], (end) => t.teardown(end)), /"event":"health\.ok"/)
})

await t.test('a bzImage for image formats is an EFI program for x86-64', (t) => {
  const bytes = readFileSync(artefactPath(withFormats, 'kernel/vmlinuz'))
  const header = bytes.readUInt32LE(0x3c)
  t.equal(bytes.toString('latin1', 0, 2), 'MZ')
  t.equal(bytes.toString('latin1', header, header + 4), 'PE\0\0')
  t.equal(bytes.readUInt16LE(header + 4), 0x8664)
  t.end()
})
