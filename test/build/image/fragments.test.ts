import t from 'tap'
import { type Boot, formatNames, loadFormat } from '../../../build/image/format.ts'
import { fragmentNames, readFragments, requests } from '../../../build/kernel/fragments.ts'
import { loadConfig } from '../../../config/load.ts'
import { folderOf } from '../../lib/release.ts'

const disk = ['CONFIG_SCSI', 'CONFIG_BLK_DEV_SD']
const initrd = ['CONFIG_BLK_DEV_INITRD', 'CONFIG_BLK_DEV_LOOP']
/** Kernel options that find the layers, by how the image is attached. */
const needs: Record<Boot['as'], readonly string[]> = {
  'virtio-blk': ['CONFIG_VIRTIO_PCI', 'CONFIG_VIRTIO_BLK'],
  'virtio-scsi': ['CONFIG_VIRTIO_PCI', 'CONFIG_SCSI_VIRTIO', ...disk],
  pvscsi: ['CONFIG_VMWARE_PVSCSI', 'CONFIG_VMXNET3', ...disk],
  nvme: ['CONFIG_BLK_DEV_NVME'],
  ahci: ['CONFIG_ATA', 'CONFIG_SATA_AHCI', ...disk],
  cd: ['CONFIG_ATA', 'CONFIG_SATA_AHCI', 'CONFIG_SCSI', 'CONFIG_BLK_DEV_SR'],
  usb: ['CONFIG_USB', 'CONFIG_USB_XHCI_HCD', 'CONFIG_USB_STORAGE', ...disk],
  kernel: initrd,
  'efi-file': initrd,
  ipxe: initrd,
}
/** Further kernel options, by the content of the image. */
const contents: Record<string, readonly string[]> = {
  iso: ['CONFIG_ISO9660_FS', ...initrd],
  raw: ['CONFIG_EFI_PARTITION'],
  qcow2: ['CONFIG_EFI_PARTITION'],
  vmdk: ['CONFIG_EFI_PARTITION'],
  vhd: ['CONFIG_EFI_PARTITION'],
  vhdx: ['CONFIG_EFI_PARTITION'],
}

const config = await loadConfig({
  root: folderOf(t, { 'config/system.json': '{}', 'app/index.ts': '' }),
  env: {},
})

// The boot tests have one kernel for all formats: what one format lacks, another one brings there.
for (const name of await formatNames()) {
  await t.test(`${name} asks for all that its boots need of a kernel`, async (t) => {
    const { boots, fragments } = await loadFormat(name)
    const asked = requests(await readFragments(fragmentNames(config, 'lz4', fragments)))
    const has = new Set(asked.flatMap(({ option, value }) => (value === 'y' ? [option] : [])))
    const efi = boots.some(({ firmware }) => firmware === 'efi') ? ['CONFIG_EFI', 'CONFIG_EFI_STUB'] : []
    const wanted = [...boots.flatMap(({ as }) => needs[as]), ...(contents[name] ?? []), ...efi]
    t.strictSame(
      wanted.filter((option) => !has.has(option)),
      [],
    )
  })
}
