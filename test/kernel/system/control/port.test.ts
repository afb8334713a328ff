import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../../../lib/until.ts'
import { findPort } from '../../../../kernel/system/control/port.ts'
import { Port } from '../../../../kernel/system/control/port.ts'

await t.test('a port is found by its name', (t) => {
  const folder = t.testdir({
    vport0p0: { name: 'console\n' },
    vport1p1: { name: 'nodeos.control\n' },
  })
  t.equal(findPort('nodeos.control', folder), '/dev/vport1p1')
  t.equal(findPort('another', folder), undefined)
  t.equal(findPort('nodeos.control', join(folder, 'none')), undefined)
  t.end()
})

await t.test('bytes come in and go out in order', async (t) => {
  // A pipe that is open both ways is its own other end.
  const pipe = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [pipe])
  let got = ''
  let away = 0
  const port = new Port(pipe, {
    onData: (data) => (got += data.toString()),
    onAway: () => (away += 1),
  })
  port.start()
  // The port itself does not.
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(alive))
  const large = 'x'.repeat(100_000)
  await Promise.all([port.write('one '), port.write(large), port.write(' three')])
  writeFileSync(pipe, ' four')
  await until('all has come', () => got.endsWith('four'))
  t.equal(got, `one ${large} three four`)
  t.equal(away, 0)
})

await t.test('data is dropped while the host is away, and not retried', async (t) => {
  // The end of a file reads as a port without a host does.
  const file = join(t.testdir({ port: '' }), 'port')
  let away = 0
  const port = new Port(file, { onData: () => {}, onAway: () => (away += 1) })
  port.start()
  t.equal(away, 1)
  await port.write('hello')
  t.equal(readFileSync(file, 'utf8'), '')
})

await t.test('a port that is taken', (t) => {
  t.throws(() => new Port(join(t.testdir(), 'none'), { onData: () => {}, onAway: () => {} }), /ENOENT/)
  t.end()
})
