import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { runSync } from '../../config/lib/run.ts'
import { hashFile } from '../../config/lib/hash.ts'
import { UserError } from '../../config/lib/errors.ts'

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

/** The files of /etc that glibc and Node need. */
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

const print = "process.stdout.write(require('node:tls').rootCertificates.join('\\n') + '\\n')"

/**
 * Writes Node's root certificates where programs with a TLS library of their own look for the system's: native
 * addons in Rust, Go or C, and Node itself with --use-system-ca.
 *
 * @param node the binary that the machine runs
 */
export function writeCertificates(stage: string, node: string): void {
  const certificates = runSync([node, '-e', print], {
    purpose: 'read the root certificates of Node',
    env: { NODE_EXTRA_CA_CERTS: undefined, NODE_OPTIONS: undefined },
  })
  mkdirSync(join(stage, 'etc/ssl/certs'), { recursive: true })
  writeFileSync(join(stage, 'etc/ssl/certs/ca-certificates.crt'), certificates)
  symlinkSync('certs/ca-certificates.crt', join(stage, 'etc/ssl/cert.pem'))
}

/** All rules and names of the time zone database, in one text. */
const source = '/usr/share/zoneinfo/tzdata.zi'
const purpose = 'compile the time zones of the machine'
/** Without the tables that old readers need beside a zone's rule: half of the bytes. */
const slim = ['-b', 'slim'] as const

/**
 * Compiles every time zone into the root file system, under all its names: the zone of a machine may be set when it
 * starts, or by the app. Node has its own copy; this one is for what asks the C library, such as SQLite.
 */
export function writeZones(stage: string): void {
  runSync(['zic', ...slim, '-d', join(stage, 'usr/share/zoneinfo'), database()], { purpose })
}

/** Returns what determines the bytes of the zones. */
export async function zoneInputs(): Promise<Record<string, string>> {
  const version = runSync(['zic', '--version'], { purpose }).trim()
  return { zones: await hashFile(database()), zic: `${version} ${slim.join(' ')}` }
}

function database(): string {
  if (existsSync(source)) return source
  throw new UserError(`could not ${purpose}: ${source} does not exist on this host`, {
    hint: 'install the package tzdata (on openSUSE: timezone)',
  })
}
