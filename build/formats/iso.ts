import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  diskBoots,
  type Format,
  type FormatInput,
  hashOfParts,
  imageCommandLine,
  looped,
  part,
  withFixedTime,
  writeImage,
} from '../image/format.ts'
import { makeEsp } from '../image/esp.ts'
import { loaderFile } from '../host/loaders.ts'
import { initramfsTools, makeInitramfs } from '../image/initramfs.ts'
import { runSync } from '../../config/lib/run.ts'

const iso: Format = {
  summary: 'a hybrid image for CD and USB, for BIOS and EFI',
  fragments: ['image-initrd', 'image-disk', 'image-iso'],
  layers: 'packed',
  tools: [
    ...initramfsTools,
    ...['xorriso', 'mformat', 'mmd', 'mcopy'],
    ...['isolinux.bin', 'isohdpfx.bin', 'ldlinux.c32', 'systemd-bootx64.efi'],
  ],
  boots: [
    ...(['bios', 'efi'] as const).flatMap((firmware) =>
      (['cd', 'usb'] as const).map((as) => ({ firmware, as })),
    ),
    ...diskBoots,
  ],
  assemble: async (input) => [
    await writeImage(input, 'nodeos.iso', async (path, work) =>
      withFixedTime(async () => makeIso(input, path, work)),
    ),
  ],
}

/** Writes an ISO with the kernel twice, for either firmware, and the layers once, as files that preinit finds. */
async function makeIso(input: FormatInput, out: string, work: string): Promise<void> {
  const tree = join(work, 'tree')
  const cmdline = imageCommandLine(input.config, looped)
  const hash = hashOfParts(input)
  const kernel = part(input, 'kernel/vmlinuz').path
  await mkdir(join(tree, 'isolinux'), { recursive: true })
  await mkdir(join(tree, 'layers'))
  const initrd = join(tree, 'isolinux/initrd')
  await makeInitramfs(input, initrd, work, false)
  await copyFile(kernel, join(tree, 'isolinux/vmlinuz'))
  await copyFile(loaderFile('isolinux.bin'), join(tree, 'isolinux/isolinux.bin'))
  await copyFile(loaderFile('ldlinux.c32'), join(tree, 'isolinux/ldlinux.c32'))
  for (const name of ['runtime', 'app']) await copyFile(part(input, name).path, join(tree, 'layers', name))
  await writeFile(
    join(tree, 'isolinux/isolinux.cfg'),
    `DEFAULT nodeos\nPROMPT 0\nLABEL nodeos\nLINUX vmlinuz\nINITRD initrd\nAPPEND ${cmdline}\n`,
  )
  await makeEsp({
    out: join(tree, 'isolinux/efi.img'),
    work,
    cmdline,
    serial: hash.slice(0, 8),
    loader: loaderFile('systemd-bootx64.efi'),
    files: { vmlinuz: kernel, initrd },
  })
  runSync(
    [
      ...(['xorriso', '-as', 'mkisofs', '-quiet', '-R', '-V', 'NODEOS', '-o', out] as const),
      ...['--modification-date=2020010100000000', '--set_all_file_dates', '2020010100000000'],
      ...['-isohybrid-mbr', loaderFile('isohdpfx.bin'), '-c', 'isolinux/boot.cat'],
      ...['-b', 'isolinux/isolinux.bin', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'],
      ...['-eltorito-alt-boot', '-e', 'isolinux/efi.img', '-no-emul-boot', '-isohybrid-gpt-basdat'],
      tree,
    ],
    { purpose: 'write the ISO image' },
  )
}

export default iso
