import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { folderOf } from '../../lib/release.ts'
import { compileSanitized, logParts } from '../fixtures/init.ts'
import { namespaceCommand, noNamespace } from '../fixtures/namespace.ts'

const namespace = namespaceCommand()
const folder = folderOf(t)
const program = compileSanitized(
  join(folder, 'lookup'),
  ['platform', 'event', ...logParts],
  'init-partition.c',
)

/** The content of `/sys/class/block/<name>/uevent` for each block device. */
const blocks = {
  vda: 'MAJOR=254\nMINOR=0\nDEVNAME=vda\nDEVTYPE=disk\nDISKSEQ=1\n',
  vda1: 'MAJOR=254\nMINOR=1\nDEVNAME=vda1\nDEVTYPE=partition\nDISKSEQ=1\nPARTN=1\nPARTNAME=boot\n',
  vda2: 'MAJOR=254\nMINOR=2\nDEVNAME=vda2\nDEVTYPE=partition\nDISKSEQ=1\nPARTN=2\nPARTNAME=app-0123\n',
  vda3: 'MAJOR=254\nMINOR=3\nDEVNAME=vda3\nDEVTYPE=partition\nDISKSEQ=1\nPARTN=3\nPARTNAME=app-01234567\n',
  gone: 'MAJOR=254\nMINOR=9\nDEVNAME=gone\nDEVTYPE=partition\nPARTN=4\nPARTNAME=unplugged\n',
}

/** The device that is found in a machine with those. */
function lookUp(label: string): string {
  const [sys, dev] = [folderOf(t), folderOf(t)]
  for (const [name, uevent] of Object.entries(blocks)) {
    mkdirSync(join(sys, name))
    writeFileSync(join(sys, name, 'uevent'), uevent)
    if (name !== 'gone') writeFileSync(join(dev, name), '')
  }
  const script = 'mount --bind "$1" /sys/class/block && mount --bind "$2" /dev && exec "$3" "$4"'
  const [bin, ...argv] = [...(namespace ?? []), 'sh', '-c', script, 'sh', sys, dev, program, label]
  return execFileSync(bin, argv, { encoding: 'utf8' }).trim()
}

const skip = namespace === undefined ? noNamespace : false
await t.test('a partition is found by its whole name and nothing less', { skip }, (t) => {
  t.equal(lookUp('app-01234567'), '/dev/vda3')
  t.equal(lookUp('app-0123'), '/dev/vda2', 'the beginning of another name')
  t.equal(lookUp('boot'), '/dev/vda1')
  t.equal(lookUp('app'), 'not found')
  t.equal(lookUp('01234567'), 'not found')
  t.equal(lookUp(''), 'not found')
  t.end()
})

await t.test('a partition without a device yet is not there', { skip }, (t) => {
  t.equal(lookUp('unplugged'), 'not found')
  t.end()
})
