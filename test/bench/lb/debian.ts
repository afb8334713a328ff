import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import shell from 'shelljs'
import { hashText } from '../../../config/lib/hash.ts'
import { UserError } from '../../../config/lib/errors.ts'
import { log } from '../../../config/lib/log.ts'
import { runSync } from '../../../config/lib/run.ts'

/** A Debian that boots straight into its kernel. */
export interface Debian {
  kernel: string
  initrd: string
  /** A raw ext4 file system, labelled `root`. */
  root: string
  /** Package versions by name. */
  versions: Record<string, string>
}

const codename = 'bookworm'
const packages = [
  ...['systemd-sysv', 'udev', 'linux-image-cloud-amd64'],
  ...['haproxy', 'nginx', 'libnginx-mod-stream'],
]
const reported = ['haproxy', 'nginx', 'linux-image-cloud-amd64', 'systemd']
const overlay = join(import.meta.dirname, '../fixtures/lb/debian')
const setup = join(import.meta.dirname, '../fixtures/lb/setup.sh')
const purpose = 'create the Debian image to compare with'

/** Debian 12 with systemd, HAProxy and nginx: from the cache, or made by way of this host's apt. */
export function debian(env: NodeJS.ProcessEnv): Debian {
  const apt = hostApt(codename)
  const store = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'nodeos-bench')
  const folder = join(store, `debian-${key(apt)}`)
  if (!existsSync(folder)) make(apt, store, folder)
  const versions = JSON.parse(readFileSync(join(folder, 'versions.json'), 'utf8')) as Record<string, string>
  return {
    kernel: join(folder, 'vmlinuz'),
    initrd: join(folder, 'initrd'),
    root: join(folder, 'root.ext4'),
    versions,
  }
}

function key(apt: Apt): string {
  const files = [setup, ...filesBelow(overlay)].map((path) => readFileSync(path, 'utf8'))
  return hashText(JSON.stringify([codename, packages, apt, files])).slice(0, 16)
}

function make(apt: Apt, store: string, folder: string): void {
  log.step('Creating a Debian image (once; takes minutes)')
  if (process.getuid?.() !== 0) {
    throw new UserError(`cannot ${purpose}: needs root, because its files belong to root`, {
      hint: 'run npm run bench:lb once as root; later runs use the cached image',
    })
  }
  if (shell.which('mmdebstrap') === null) {
    throw new UserError(`'mmdebstrap' not found; it is needed to ${purpose}`, {
      hint: 'apt-get install mmdebstrap',
    })
  }
  mkdirSync(store, { recursive: true })
  const work = mkdtempSync(join(store, '.unfinished-'))
  try {
    const [tree, out] = [join(work, 'tree'), join(work, 'out')]
    mkdirSync(out)
    writeFileSync(join(work, 'sources.list'), `${apt.sources.join('\n')}\n`)
    runSync(
      [
        ...(['mmdebstrap', '--mode=root', '--format=directory', '--variant=minbase', '--quiet'] as const),
        `--include=${packages.join(',')}`,
        ...apt.options.map((option) => `--aptopt=${option}`),
        ...['--dpkgopt=path-exclude=/usr/share/doc/*', '--dpkgopt=path-exclude=/usr/share/locale/*'],
        ...[codename, tree, join(work, 'sources.list')],
      ],
      { purpose },
    )
    cpSync(overlay, tree, { recursive: true })
    runSync(['sh', setup, tree], { purpose })
    const status = runSync(
      [
        'dpkg-query',
        `--admindir=${join(tree, 'var/lib/dpkg')}`,
        '-W',
        '-f=${Package} ${Version}\n',
        ...reported,
      ],
      { purpose },
    )
    const versions = Object.fromEntries(
      status
        .trim()
        .split('\n')
        .map((line) => line.split(' ')),
    )
    writeFileSync(join(out, 'versions.json'), JSON.stringify(versions))
    for (const [name, prefix] of [
      ['vmlinuz', 'vmlinuz-'],
      ['initrd', 'initrd.img-'],
    ] as const)
      cpSync(join(tree, 'boot', only(join(tree, 'boot'), prefix)), join(out, name))
    rmSync(join(tree, 'boot'), { recursive: true })
    const image = join(out, 'root.ext4')
    runSync(['mke2fs', '-q', '-t', 'ext4', '-L', 'root', '-d', tree, image, '1500M'], { purpose })
    renameSync(out, folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function only(folder: string, prefix: string): string {
  const [found, ...others] = readdirSync(folder).filter((name) => name.startsWith(prefix))
  if (found === undefined || others.length > 0)
    throw new Error(`${folder} must contain exactly one ${prefix}*`)
  return found
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

/** What this host's apt is configured with, for a system that is built beside it. */
export interface Apt {
  /** Lines of a `sources.list`. */
  sources: string[]
  /** Lines of an `apt.conf`. */
  options: string[]
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * The host's own mirrors of a Debian release, with its proxies and its leniency with frozen mirrors.
 *
 * @throws {UserError} when the host has none
 */
export function hostApt(codename: string): Apt {
  const purpose = 'read the mirrors of this host'
  const format = '$(CREATED_BY) $(SITE) $(RELEASE) $(COMPONENT)'
  const sources = sourcesOf(codename, runSync(['apt-get', 'indextargets', '--format', format], { purpose }))
  if (sources.length === 0) {
    throw new UserError(`no apt mirror of Debian ${codename} is configured on this host`, {
      hint: 'add one to the apt sources, then run apt-get update',
    })
  }
  return { sources, options: optionsOf(runSync(['apt-config', 'dump'], { purpose })) }
}

/** The lines of `indextargets` that hold packages of a release, or of its updates, as sources. */
export function sourcesOf(codename: string, targets: string, signedBy = keyring): string[] {
  const wanted = new Set([codename, `${codename}-updates`, `${codename}-security`])
  const option = existsSync(signedBy) ? `[signed-by=${signedBy}] ` : ''
  const lines = targets.split('\n').flatMap((line) => {
    const [kind, site, release = '', component] = line.split(' ')
    return kind === 'Packages' && wanted.has(release) && component === 'main'
      ? [`deb ${option}${site} ${release} main`]
      : []
  })
  return [...new Set(lines)].toSorted()
}

/** The settings that decide how packages are fetched. */
export function optionsOf(dump: string): string[] {
  return dump.split('\n').filter((line) => /^Acquire::(Check-|https?::|Retries)[^"]*"[^"]+";$/.test(line))
}
