import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runSync } from '../../../config/lib/run.ts'
import { type Contestant, memory, ports, type Setting } from './contestant.ts'
import type { Debian } from './debian.ts'

const fixtures = join(import.meta.dirname, '../fixtures/lb')

/**
 * A proxy of Debian on its kernel, as its packages run it.
 *
 * @param folder for the disk with its configuration
 */
export function packaged(
  name: 'haproxy' | 'nginx',
  { kernel, initrd, root, versions }: Debian,
  setting: Setting,
  folder: string,
): Contestant {
  const service = `${name}.service`
  return {
    name,
    version: `${versions[name]}, Debian 12, Linux ${versions['linux-image-cloud-amd64']}`,
    guest: {
      kernel,
      // Without mitigations, the default of NodeOS, to compare the proxies only.
      append: `root=LABEL=root rw console=ttyS0 quiet panic=1 mitigations=off systemd.wants=${service}`,
      disks: [settingsDisk(setting, folder)],
      memory,
      guestPort: ports.http,
      extra: [
        ...['-initrd', initrd],
        ...['-drive', `if=none,id=root,format=raw,snapshot=on,file=${root.replaceAll(',', ',,')}`],
        ...['-device', 'virtio-blk-pci,drive=root'],
      ],
    },
  }
}

function settingsDisk({ backend, certificate, key }: Setting, folder: string): string {
  const [tree, image] = [join(folder, 'settings'), join(folder, 'settings.ext4')]
  mkdirSync(tree, { recursive: true })
  for (const file of ['haproxy.cfg', 'nginx.conf']) {
    const text = readFileSync(join(fixtures, file), 'utf8')
    writeFileSync(join(tree, file), text.replaceAll('@BACKEND@', backend))
  }
  writeFileSync(join(tree, 'tls.pem'), `${certificate}${key}`)
  cpSync(join(fixtures, 'status.sh'), join(tree, 'status.sh'))
  runSync(
    ['mke2fs', '-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-L', 'bench', '-d', tree, image, '4M'],
    {
      purpose: 'create the disk with the configuration of the proxies',
    },
  )
  return image
}
