import { existsSync } from 'node:fs'
import { UserError } from '../../../config/lib/errors.ts'
import { runSync } from '../../../config/lib/run.ts'

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
