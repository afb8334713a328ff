import { appendFileSync, rmSync, truncateSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { limitConsole, readConsole, streamConsole } from '../../../deploy/qemu/console.ts'
import { until } from '../../lib/until.ts'
import { standIn } from './fixture.ts'

const never = new AbortController().signal

await t.test('the output so far, in whole characters', async (t) => {
  // The first read ends in the middle of a character.
  const text = `${'x'.repeat(65_535)}é and more\n`
  const { machine } = standIn(t, { console: text })
  const pieces: string[] = []
  await streamConsole(machine, false, never, (piece) => pieces.push(piece))
  t.equal(pieces.join(''), text)
  t.ok(pieces.length > 1)
})

await t.test('a console that was removed', async (t) => {
  const { machine } = standIn(t)
  rmSync(machine.files.console)
  await t.rejects(
    streamConsole(machine, false, never, () => undefined),
    {
      message: `cannot read the console of the machine: ${machine.files.console}`,
    },
  )
})

await t.test('new output, until the machine ends', async (t) => {
  const { machine, end } = standIn(t, { console: 'one\n' })
  let text = ''
  const streaming = streamConsole(machine, true, never, (piece) => (text += piece))
  await until('the beginning is printed', () => text === 'one\n')
  appendFileSync(machine.files.console, 'two\n')
  await until('the new output is printed', () => text === 'one\ntwo\n')
  appendFileSync(machine.files.console, 'three\n')
  end()
  await streaming
  t.equal(text, 'one\ntwo\nthree\n')
})

await t.test('after a console is cut, the new output is followed', async (t) => {
  const { machine, end } = standIn(t, { console: 'a long first part\n' })
  let text = ''
  const streaming = streamConsole(machine, true, never, (piece) => (text += piece))
  await until('the beginning is printed', () => text !== '')
  truncateSync(machine.files.console)
  appendFileSync(machine.files.console, 'new\n')
  await until('the output after the cut is printed', () => text.endsWith('new\n'))
  end()
  await streaming
  t.equal(text, 'a long first part\nnew\n')
})

await t.test('a console that is too long is cut; its older part is kept, once', async (t) => {
  const { machine } = standIn(t, { console: 'first part\n' })
  const print = async (): Promise<string> => {
    let text = ''
    await streamConsole(machine, false, never, (piece) => (text += piece))
    return text
  }
  await limitConsole(machine, 11)
  t.equal(readConsole(machine), 'first part\n', 'it is not too long yet')
  appendFileSync(machine.files.console, 'second\n')
  await limitConsole(machine, 11)
  t.equal(readConsole(machine), '')
  appendFileSync(machine.files.console, 'third\n')
  t.equal(await print(), 'first part\nsecond\nthird\n')
  await limitConsole(machine, 5)
  appendFileSync(machine.files.console, 'fourth\n')
  t.equal(await print(), 'third\nfourth\n')
})

await t.test('an interrupt ends it', async (t) => {
  const { machine } = standIn(t)
  const interrupted = new AbortController()
  const streaming = streamConsole(machine, true, interrupted.signal, () => undefined)
  await wait(50)
  interrupted.abort()
  await streaming
})
