import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readElf } from '../../../build/host/elf.ts'
import { compile, library } from '../app/fixture.ts'

await t.test('reads the libraries that a library needs, and their search path', (t) => {
  const folder = t.testdir({})
  const one = library(folder, 'libone.so.1')
  const path = compile(join(folder, 'thing.node'), {
    libraries: [one],
    flags: ['-Wl,-rpath,$ORIGIN/../lib:/opt/x'],
  })
  t.match(readElf(path), {
    machine: 'x64',
    needed: ['libone.so.1', 'libc.so.6'],
    rpath: ['$ORIGIN/../lib', '/opt/x'],
  })
  const old = compile(join(folder, 'old.node'), {
    flags: ['-Wl,-rpath,/old', '-Wl,--disable-new-dtags'],
  })
  t.match(readElf(old), { rpath: ['/old'] })
  t.end()
})

await t.test('the processor', (t) => {
  const folder = t.testdir({})
  const bytes = readFileSync(compile(join(folder, 'thing.node')))
  for (const [number, machine] of [
    [183, 'arm64'],
    [40, 'arm'],
    [8, 'another processor'],
  ] as const) {
    bytes.writeUInt16LE(number, 18)
    writeFileSync(join(folder, 'other.node'), bytes)
    t.match(readElf(join(folder, 'other.node')), { machine })
  }
  t.end()
})

await t.test('recognises files that are not ELF or are truncated', (t) => {
  const folder = t.testdir({ text: 'x'.repeat(100), empty: '' })
  const file = (name: string, content: Buffer): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  t.equal(readElf(join(folder, 'text')), 'unknown')
  t.equal(readElf(join(folder, 'empty')), 'unknown')
  t.equal(readElf(file('mac', Buffer.from('cffaedfe0c000001', 'hex'))), 'macOS')
  t.equal(readElf(file('universal', Buffer.from('cafebabe00000002', 'hex'))), 'macOS')
  t.equal(readElf(file('windows', Buffer.from('4d5a9000'.padEnd(200, '0'), 'hex'))), 'Windows')
  const whole = readFileSync(compile(join(folder, 'thing.node')))
  for (const length of [64, 100, 500, 1000]) {
    const cut = readElf(file('cut', whole.subarray(0, length)))
    t.ok(typeof cut === 'string' || cut.needed.length === 0, `cut at ${length}`)
  }
  t.end()
})
