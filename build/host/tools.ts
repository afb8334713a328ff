import type { Compression } from '../pipeline/pack.ts'
import type { LoaderFile } from './loaders.ts'

/** Package managers whose package names are known. */
export const managers = ['apt', 'dnf', 'pacman', 'apk', 'zypper'] as const
export type Manager = (typeof managers)[number]

/**
 * When something is needed: `kernel` while the kernel is compiled, `programs` while init and the native binding are,
 * `compiler` for either, `build` in every build, `image` for the image formats that name it, and for data disks,
 * `boot` to run the machine here, `test` for `npm run test:all` and `npm run bench`.
 */
export type Stage = 'kernel' | 'programs' | 'compiler' | 'build' | 'image' | 'boot' | 'test'

/** What builds of any configuration need without a store; `npm run test:all` installs the rest. */
export const buildStages: readonly Stage[] = ['kernel', 'programs', 'compiler', 'build', 'image', 'boot']

/** A requirement on the host. */
export interface Requirement {
  /** A command on PATH, a header in the compiler's include path, a library that it links with, a boot loader, or EFI for QEMU. */
  kind: 'command' | 'header' | 'library' | 'firmware' | 'loader'
  name: string
  stage: Stage
  /** Completes "which is needed to". */
  purpose: string
  /** Only for layers that are packed so. */
  compressions?: Compression[]
  /** Arguments that make a command print its version; `--version` when left out. */
  versionArguments?: string[]
  /** Oldest version that will do. */
  atLeast?: string
  /** The packages that hold it, several separated by a space. */
  packages: Record<Manager, string>
}

/** Debian has syslinux in several packages, others in one. */
const syslinuxFiles = (apt: string): Record<Manager, string> => ({ ...same('syslinux'), apt })
const systemdFiles: Record<Manager, string> = {
  apt: 'systemd-boot-efi',
  dnf: 'systemd-boot-unsigned',
  pacman: 'systemd',
  apk: 'systemd-boot',
  zypper: 'systemd-boot',
}

/** The tools for a data disk: the first builds the machine, the others deploy it. */
export const dataTools = ['e2fsck', 'mke2fs', 'qemu-img'] as const

/** Everything that builds, boots and tests need from the host, each with its purpose. */
export const requirements: readonly Requirement[] = [
  command('gcc', 'compiler', 'compile the kernel and the native binding', same('gcc'), { atLeast: '8' }),
  header('stdio.h', 'compiler', 'compile the native binding and the kernel’s own tools', {
    apt: 'libc6-dev',
    dnf: 'glibc-devel',
    pacman: 'glibc',
    apk: 'musl-dev',
    zypper: 'glibc-devel',
  }),
  command('musl-gcc', 'programs', 'compile init', {
    apt: 'musl-tools',
    dnf: 'musl-gcc musl-libc-static',
    pacman: 'musl',
    apk: 'musl-dev',
    zypper: 'musl-devel',
  }),
  header('linux/netlink.h', 'programs', 'compile init and the native binding', {
    apt: 'linux-libc-dev',
    dnf: 'kernel-headers',
    pacman: 'linux-api-headers',
    apk: 'linux-headers',
    zypper: 'linux-glibc-devel',
  }),
  command('strip', 'build', 'strip Node and its libraries', same('binutils')),
  command('zic', 'build', 'compile the time zones of the machine', {
    apt: 'libc-bin tzdata',
    dnf: 'glibc-common tzdata',
    pacman: 'tzdata',
    apk: 'tzdata-utils tzdata',
    zypper: 'timezone',
  }),
  command('mkfs.erofs', 'build', 'pack layers uncompressed or with lz4', same('erofs-utils'), {
    compressions: ['none', 'lz4'],
    versionArguments: ['-V'],
    atLeast: '1.5',
  }),
  command(
    'mksquashfs',
    'build',
    'pack layers with zstd or xz',
    { ...same('squashfs-tools'), zypper: 'squashfs' },
    { compressions: ['zstd', 'xz'], versionArguments: ['-version'], atLeast: '4.4' },
  ),
  command('make', 'kernel', 'compile the kernel', same('make'), { atLeast: '4.0' }),
  command('flex', 'kernel', 'configure the kernel (the lexer of Kconfig)', same('flex')),
  command('bison', 'kernel', 'configure the kernel (the parser of Kconfig)', same('bison')),
  command('bc', 'kernel', 'compile the kernel (its time constants)', same('bc')),
  command('awk', 'kernel', 'compile the kernel (its table of x86 instructions)', {
    ...same('gawk'),
    apt: 'mawk',
  }),
  command('cmp', 'kernel', 'compile the kernel (compares generated files)', same('diffutils')),
  header('gelf.h', 'kernel', 'compile the kernel (objtool reads object files with libelf)', {
    apt: 'libelf-dev',
    dnf: 'elfutils-libelf-devel',
    pacman: 'libelf',
    apk: 'elfutils-dev',
    zypper: 'libelf-devel',
  }),
  command('zstd', 'kernel', 'compress the kernel', same('zstd')),
  command('tar', 'kernel', 'unpack the kernel’s source', same('tar')),
  command('xz', 'kernel', 'unpack the kernel’s source', { ...same('xz'), apt: 'xz-utils' }),
  command('patch', 'kernel', 'apply kernel/patches', same('patch')),
  command('objcopy', 'kernel', 'strip the kernel', same('binutils')),
  command('qemu-system-x86_64', 'boot', 'boot the machine here', {
    apt: 'qemu-system-x86',
    dnf: 'qemu-system-x86-core',
    pacman: 'qemu-system-x86',
    apk: 'qemu-system-x86_64',
    zypper: 'qemu-x86',
  }),
  command('mformat', 'image', 'make the boot partition of an image', same('mtools')),
  command('mmd', 'image', 'make the boot partition of an image', same('mtools')),
  command('mcopy', 'image', 'make the boot partition of an image', same('mtools')),
  command('sfdisk', 'image', 'partition an image', {
    ...same('util-linux'),
    apt: 'fdisk',
    apk: 'sfdisk',
  }),
  command('syslinux', 'image', 'make an image bootable by BIOS', same('syslinux')),
  command('qemu-img', 'image', 'write an image for another hypervisor', {
    ...same('qemu-img'),
    apt: 'qemu-utils',
  }),
  command('e2fsck', 'image', 'check a data disk when the machine boots', same('e2fsprogs'), {
    versionArguments: ['-V'],
  }),
  command('mke2fs', 'image', 'make a data disk', same('e2fsprogs'), { versionArguments: ['-V'] }),
  command('xorriso', 'image', 'write an ISO image', {
    ...same('xorriso'),
    pacman: 'libisoburn',
  }),
  command('objdump', 'image', 'make an EFI image', same('binutils')),
  loader('gptmbr.bin', 'boot an image by BIOS', syslinuxFiles('syslinux-common')),
  loader('ldlinux.c32', 'boot a CD by BIOS', syslinuxFiles('syslinux-common')),
  loader('isolinux.bin', 'boot a CD by BIOS', syslinuxFiles('isolinux')),
  loader('isohdpfx.bin', 'boot a CD’s image from a USB disk', syslinuxFiles('isolinux')),
  loader('systemd-bootx64.efi', 'boot an image by EFI', systemdFiles),
  loader('linuxx64.efi.stub', 'make an EFI image', systemdFiles),
  command('sgdisk', 'test', 'test the partitions of an image', {
    ...same('gdisk'),
    pacman: 'gptfdisk',
    apk: 'sgdisk',
    zypper: 'gptfdisk',
  }),
  command('fsck.fat', 'test', 'test the boot partition of an image', same('dosfstools')),
  command('cpio', 'test', 'test the initramfs of an image', same('cpio')),
  command('git', 'test', 'test builds of a clone', same('git')),
  command('unshare', 'test', 'test networking in a namespace', same('util-linux')),
  command('ip', 'test', 'test networking in a namespace', { ...same('iproute2'), dnf: 'iproute' }),
  command('dnsmasq', 'test', 'test DHCP against a server', { ...same('dnsmasq'), apt: 'dnsmasq-base' }),
  {
    kind: 'firmware',
    name: 'OVMF',
    stage: 'test',
    purpose: 'test boots through EFI',
    packages: { apt: 'ovmf', dnf: 'edk2-ovmf', pacman: 'edk2-ovmf', apk: 'ovmf', zypper: 'qemu-ovmf-x86_64' },
  },
  command('chromium', 'test', 'test the admin page in a browser', same('chromium')),
  command('prometheus', 'test', 'test that metrics can be scraped', {
    ...same('prometheus'),
    dnf: 'golang-github-prometheus',
  }),
  command('libvirtd', 'test', 'test the target libvirt', {
    apt: 'libvirt-daemon',
    dnf: 'libvirt-daemon-kvm',
    pacman: 'libvirt',
    apk: 'libvirt-daemon',
    zypper: 'libvirt-daemon-qemu',
  }),
  command('virsh', 'test', 'test the target libvirt', {
    apt: 'libvirt-clients',
    dnf: 'libvirt-client',
    pacman: 'libvirt',
    apk: 'libvirt-client',
    zypper: 'libvirt-client',
  }),
  command('ssh-keygen', 'test', 'test that releases are signed', {
    apt: 'openssh-client',
    dnf: 'openssh',
    pacman: 'openssh',
    apk: 'openssh-keygen',
    zypper: 'openssh-common',
  }),
  command('crontab', 'test', 'test that the service of a host comes back with it', {
    ...same('cronie'),
    apt: 'cron',
  }),
  command(
    'sshd',
    'test',
    'test the target git over ssh',
    {
      ...same('openssh'),
      apt: 'openssh-server',
      dnf: 'openssh-server',
      apk: 'openssh-server',
      zypper: 'openssh-server',
    },
    { versionArguments: ['-V'] },
  ),
  command('rsyslogd', 'test', 'test that logs are forwarded', same('rsyslog')),
  command('openssl', 'test', 'make certificates for tests', same('openssl')),
  command('curl', 'test', 'test HTTP/2 with another client', same('curl')),
  command('h2load', 'test', 'test HTTP/2 under load', {
    apt: 'nghttp2-client',
    dnf: 'nghttp2',
    pacman: 'libnghttp2',
    apk: 'nghttp2',
    zypper: 'nghttp2',
  }),
  library('libasan.so', 'test C code under AddressSanitizer', 'libasan'),
  library('libubsan.so', 'test C code under UndefinedBehaviorSanitizer', 'libubsan'),
]

/**
 * Lists what some stages need.
 *
 * @param tools what its image formats name, of whatever stage
 */
export function requirementsFor(
  stages: readonly Stage[],
  compression?: Compression,
  tools: readonly string[] = [],
): Requirement[] {
  return requirements.filter(
    ({ name, stage, compressions }) =>
      (stages.includes(stage) || tools.includes(name)) &&
      (compression === undefined || compressions === undefined || compressions.includes(compression)),
  )
}

type Details = Pick<Requirement, 'compressions' | 'versionArguments' | 'atLeast'>
type Packages = Requirement['packages']

function command(
  name: string,
  stage: Stage,
  purpose: string,
  packages: Packages,
  details: Details = {},
): Requirement {
  return { kind: 'command', name, stage, purpose, packages, ...details }
}

function header(name: string, stage: Stage, purpose: string, packages: Packages): Requirement {
  return { kind: 'header', name, stage, purpose, packages }
}

/** A sanitizer's library: part of the compiler where it is not a package of its own. */
function library(name: string, purpose: string, rpm: string): Requirement {
  return { kind: 'library', name, stage: 'test', purpose, packages: { ...same('gcc'), dnf: rpm } }
}

/** Files of a boot loader, which an image format takes. */
function loader(name: LoaderFile, purpose: string, packages: Packages): Requirement {
  return { kind: 'loader', name, stage: 'image', purpose, packages }
}

function same(name: string): Packages {
  return { apt: name, dnf: name, pacman: name, apk: name, zypper: name }
}
