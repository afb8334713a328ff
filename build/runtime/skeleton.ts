import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Empty folders: mount points, and homes that programs expect. */
const folders = ['proc', 'sys', 'dev', 'tmp', 'run', 'srv', 'data', 'var', 'root'] as const

/** Links to what only a running machine knows. */
const links: Record<string, string> = {
  'etc/resolv.conf': '/run/resolv.conf',
  'etc/hosts': '/run/hosts',
  'etc/localtime': '/run/localtime',
  'etc/mtab': '/proc/self/mounts',
  // Programs look here to see which OpenSSL they can load; the app layer has it if an addon needs it.
  'lib/x86_64-linux-gnu/libssl.so.3': '/srv/.nodeos/lib/libssl.so.3',
  'lib/x86_64-linux-gnu/libcrypto.so.3': '/srv/.nodeos/lib/libcrypto.so.3',
  // Image libraries find fonts here: those that the app brings, for the machine has none.
  'usr/share/fonts': '/srv/app/fonts',
  'var/tmp': '/tmp',
  'var/run': '/run',
}

/** The least of /etc with which glibc and Node answer every question. */
const texts: Record<string, string> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n',
  // Without it a name has one address only, the first that stands in /etc/hosts.
  'etc/host.conf': 'multi on\n',
  'etc/services':
    'domain 53/tcp\ndomain 53/udp\nhttp 80/tcp\nntp 123/udp\nhttps 443/tcp\nhttps 443/udp\nsyslog 514/udp\n',
  'etc/fonts/fonts.conf':
    '<?xml version="1.0"?>\n<fontconfig><dir>/usr/share/fonts</dir><cachedir>/tmp/fontconfig</cachedir></fontconfig>\n',
  'etc/protocols': 'ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6-icmp 58 IPv6-ICMP\n',
  // Its C library is Debian's: programs that choose a binary by distribution take Debian's.
  'etc/os-release': 'NAME="NodeOS"\nID=nodeos\nID_LIKE=debian\nPRETTY_NAME="NodeOS"\n',
}

/** Writes everything in the root file system that is neither a program nor a library. */
export async function writeSkeleton(stage: string): Promise<void> {
  for (const folder of folders) await mkdir(join(stage, folder), { recursive: true })
  for (const [path, text] of Object.entries(texts)) await writeInto(stage, path, text)
  for (const [path, target] of Object.entries(links)) {
    await mkdir(dirname(join(stage, path)), { recursive: true })
    await symlink(target, join(stage, path))
  }
}

async function writeInto(stage: string, path: string, data: string): Promise<void> {
  await mkdir(dirname(join(stage, path)), { recursive: true })
  await writeFile(join(stage, path), data)
}
