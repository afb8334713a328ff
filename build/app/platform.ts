/** Instruction set of the machine. Its operating system is always Linux, its C library always glibc. */
export type Arch = 'x64' | 'arm64'

/** The platforms of a package, from its package.json, as npm reads them. */
export interface Platforms {
  os?: string | string[]
  cpu?: string | string[]
  libc?: string | string[]
}

/** Returns whether a package is for the machine, by the same rules as npm's. */
export function isFor(arch: Arch, { os, cpu, libc }: Platforms): boolean {
  return allows(os, 'linux') && allows(cpu, arch) && allows(libc, 'glibc')
}

function allows(list: string | string[] | undefined, value: string): boolean {
  const items = [list ?? []].flat()
  if (items.length === 0 || items.includes('any')) return true
  if (items.includes(`!${value}`)) return false
  return items.includes(value) || items.every((item) => item.startsWith('!'))
}

const systems = new Set([
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'sunos',
  'win32',
])
const systemAliases: Record<string, string> = {
  macos: 'darwin',
  osx: 'darwin',
  mac: 'darwin',
  windows: 'win32',
  win: 'win32',
}
const archs = new Set(['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'])
const archAliases: Record<string, string> = {
  aarch64: 'arm64',
  amd64: 'x64',
  x86: 'ia32',
  armv6: 'arm',
  armv7: 'arm',
  armv7l: 'arm',
  ppc64le: 'ppc64',
}
const libcs = new Set(['glibc', 'musl'])
const libcAliases: Record<string, string> = {
  alpine: 'musl',
  gnu: 'glibc',
  gnueabihf: 'glibc',
  linuxmusl: 'musl',
  linuxglibc: 'glibc',
  musleabihf: 'musl',
}

/** The platform in the words of a path or package name, e.g. `prebuilds/linux-x64/node.napi.musl.node`. */
export interface PlatformWords {
  os: string[]
  arch: string[]
  libc: string[]
}

/** The systems, processors and C libraries that a path names. */
export function platformWords(path: string): PlatformWords {
  const words = path
    .toLowerCase()
    .replaceAll('x86_64', 'x64')
    .split(/[^a-z\d]+/)
  const known = (names: Set<string>, aliases: Record<string, string>): string[] =>
    words.map((word) => aliases[word] ?? word).filter((word) => names.has(word))
  const linux = words.some((word) => /^linux(musl|glibc)$/.test(word)) ? ['linux'] : []
  return {
    os: [...known(systems, systemAliases), ...linux],
    arch: known(archs, archAliases),
    libc: known(libcs, libcAliases),
  }
}

/** Returns whether a path names another platform than the machine's, and not the machine's beside it. */
export function namesAnother(arch: Arch, path: string): boolean {
  const words = platformWords(path)
  return isOther(words.os, 'linux') || isOther(words.arch, arch) || isOther(words.libc, 'glibc')
}

function isOther(named: string[], own: string): boolean {
  return named.length > 0 && !named.includes(own)
}

/**
 * Returns whether a package's name is that of a platform, system and processor at least, which is not the machine's. Some
 * packages state their C library in the name alone, so npm installs those for musl beside those for glibc.
 */
export function namesAnotherPlatform(arch: Arch, name: string): boolean {
  const words = platformWords(name)
  return words.os.length > 0 && words.arch.length > 0 && namesAnother(arch, name)
}

/** Returns whether a path names the machine's platform: its system and processor at least. */
export function namesOwn(arch: Arch, path: string): boolean {
  const words = platformWords(path)
  return words.os.includes('linux') && words.arch.includes(arch) && !namesAnother(arch, path)
}
