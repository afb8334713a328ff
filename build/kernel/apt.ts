import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '../../config/lib/errors.ts'
import type { Progress } from '../../config/lib/log.ts'
import { findProgram } from '../../config/lib/find.ts'
import { runSync, tail, tryRunSync } from '../../config/lib/run.ts'

interface Package {
  package: string
  /** Oldest version to accept. */
  atLeast: string
}

const purpose = 'download the kernel source'

/** Checks that this host has apt. @throws {UserError} */
export function requireApt(): void {
  if (findProgram('apt-get') === undefined || findProgram('dpkg-deb') === undefined) {
    throw new UserError('this host has no apt, so there is no packaged kernel source', {
      hint: 'set "kernel": { "source": "tarball" } in config/system.json',
    })
  }
}

/**
 * Downloads a package's source tarball through the host's own apt configuration: its mirrors, keys and
 * proxies. It works in a private apt root, so it needs neither root nor fresh package lists and changes
 * nothing on the host. apt checks signatures and hashes.
 */
export async function downloadPackagedSource(wanted: Package, out: string, line: Progress): Promise<void> {
  const work = await mkdtemp(join(dirname(out), '.apt-'))
  try {
    line.update('reading package lists')
    const version = (await versionFrom(work, wanted, [])) ?? (await fromBackports(work, wanted))
    if (version === undefined) {
      throw new UserError(
        `the apt mirrors of this host have no ${wanted.package} ${wanted.atLeast} or newer`,
        {
          hint: 'set "kernel": { "source": "tarball" } in config/system.json',
        },
      )
    }
    line.update(`${wanted.package} ${version}`)
    apt(work, ['download', `${wanted.package}=${version}`], `download ${wanted.package}`)
    await unpack(work, wanted, out)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Looks in the suite where Debian keeps newer kernels for an older release. */
async function fromBackports(work: string, wanted: Package): Promise<string | undefined> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1]
  const targets = tryRunSync(['apt-get', 'indextargets', '--format', '$(SITE) $(RELEASE) $(SIGNED_BY)'], {
    purpose,
  }).stdout
  const main = targets.split('\n').find((target) => target.split(' ')[1] === codename)
  if (codename === undefined || main === undefined) return undefined
  const [site, , ...signedBy] = main.split(' ')
  const key = signedBy.join(' ').trim() === '' ? '' : `[signed-by=${signedBy.join(' ').trim()}] `
  return versionFrom(work, wanted, [`deb ${key}${site} ${codename}-backports main`])
}

async function versionFrom(work: string, wanted: Package, further: string[]): Promise<string | undefined> {
  await prepareRoot(work, further)
  apt(work, ['update'], 'read the package lists')
  const shown = tryRunSync(['apt-cache', ...settings(work), 'madison', wanted.package], { purpose }).stdout
  return shown
    .split('\n')
    .map((row) => row.split('|')[1]?.trim() ?? '')
    .find((version) => version !== '' && isAtLeast(version, wanted.atLeast))
}

/** Copies the host's sources, so that further ones stand beside them without touching the host's. */
async function prepareRoot(work: string, further: string[]): Promise<void> {
  await mkdir(join(work, 'lists/partial'), { recursive: true })
  await mkdir(join(work, 'archives/partial'), { recursive: true })
  const parts = join(work, 'sources.d')
  await mkdir(parts, { recursive: true })
  const host = '/etc/apt/sources.list.d'
  for (const name of await readdir(host).catch(() => [])) {
    await writeFile(join(parts, name), await readFile(join(host, name)))
  }
  const list = await readFile('/etc/apt/sources.list', 'utf8').catch(() => '')
  await writeFile(join(parts, 'nodeos-host.list'), list)
  await writeFile(join(parts, 'nodeos-further.list'), further.map((source) => `${source}\n`).join(''))
}

function settings(work: string): string[] {
  return [
    `Dir::State::lists=${work}/lists`,
    `Dir::Cache=${work}`,
    `Dir::Cache::archives=${work}/archives`,
    'Dir::Etc::sourcelist=/dev/null',
    `Dir::Etc::sourceparts=${work}/sources.d`,
    'APT::Sandbox::User=root',
    'Debug::NoLocking=true',
  ].flatMap((setting) => ['-o', setting])
}

function apt(work: string, verb: string[], purpose: string): void {
  const result = tryRunSync(['apt-get', '-q', ...settings(work), ...verb], { purpose, cwd: work })
  if (result.status !== 0) {
    throw new UserError(`apt could not ${purpose}: ${tail(result.stderr, 3)}`, {
      hint: 'check the network and the host’s apt sources',
    })
  }
}

async function unpack(work: string, wanted: Package, out: string): Promise<void> {
  const deb = (await readdir(work)).find((name) => name.endsWith('.deb'))
  if (deb === undefined) throw new Error(`apt-get download left no package in ${work}`)
  runSync(['dpkg-deb', '--extract', deb, 'content'], { purpose: `unpack ${deb}`, cwd: work })
  await rename(join(work, 'content/usr/src', `${wanted.package}.tar.xz`), out)
}

function isAtLeast(version: string, wanted: string): boolean {
  return tryRunSync(['dpkg', '--compare-versions', version, 'ge', wanted], { purpose }).status === 0
}
