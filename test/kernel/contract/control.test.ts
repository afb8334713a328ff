import t from 'tap'
import { Lines } from '../../../kernel/contract/control.ts'

function collect(longest: number): { lines: Lines; got: string[] } {
  const got: string[] = []
  const lines = new Lines(
    longest,
    (line) => got.push(line),
    () => got.push('too long'),
  )
  return { lines, got }
}

await t.test('lines come whole, however the bytes are cut', async (t) => {
  const bytes = Buffer.from('first\n\nzweite ü\nlast')
  for (let size = 1; size <= bytes.length; size++) {
    const { lines, got } = collect(100)
    const buffer = Buffer.alloc(size)
    for (let at = 0; at < bytes.length; at += size) {
      // One buffer for all reads, as the port has it.
      const length = bytes.copy(buffer, 0, at, at + size)
      lines.push(buffer.subarray(0, length))
    }
    t.strictSame(got, ['first', '', 'zweite ü'], `${size} bytes at a time`)
  }
})

await t.test('a line that is too long is dropped and reported, and the next one is read', async (t) => {
  const { lines, got } = collect(4)
  for (const text of ['1234\n12', '345678', '9\nab', 'c\n']) lines.push(Buffer.from(text))
  t.strictSame(got, ['1234', 'too long', 'abc'])
})

await t.test('what is forgotten does not stand before what comes', async (t) => {
  const { lines, got } = collect(4)
  lines.push(Buffer.from('half'))
  lines.forget()
  lines.push(Buffer.from('new\n'))
  t.strictSame(got, ['new'])
})
