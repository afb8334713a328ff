import t from 'tap'
import { formatNames, layerCompression, loadFormat } from '../../../build/image/format.ts'

async function auto(...formats: string[]): Promise<string> {
  return layerCompression({ image: { compression: 'auto', formats } })
}

await t.test('auto leaves layers uncompressed only if this suits every configured format', async (t) => {
  t.equal(await auto('direct'), 'none')
  t.equal(await auto('direct', 'qcow2', 'vmdk'), 'none')
  t.equal(await auto('direct', 'raw'), 'lz4')
  for (const name of await formatNames()) {
    const { layers, boots } = await loadFormat(name)
    t.equal(await auto(name), layers === 'plain' ? 'none' : 'lz4', name)
    if (boots.some(({ as }) => as === 'kernel' || as === 'efi-file'))
      t.equal(layers, 'packed', `${name}: an initramfs lies in memory`)
  }
})

await t.test('a configured compression holds for every format', async (t) => {
  for (const compression of ['none', 'lz4', 'zstd', 'xz'] as const)
    t.equal(await layerCompression({ image: { compression, formats: ['direct', 'iso'] } }), compression)
})
