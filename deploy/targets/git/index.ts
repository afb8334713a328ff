import { UserError } from '../../../config/lib/errors.ts'
import { log } from '../../../config/lib/log.ts'
import { choosePrevious, listReport } from '../../release/report.ts'
import { describeRelease, messageOf, releasedLayers } from '../../git/release.ts'
import type { Context, Report, Target } from '../../target.ts'
import { shellLine } from '../../../config/lib/run.ts'
import { readOptions, schema } from './options.ts'
import { Releases } from './releases.ts'
import { askHost } from './host.ts'

/** Pushes releases to a git remote, whose host boots, checks and swaps them. */
const git: Target = {
  name: 'git',
  summary: 'pushes signed releases to a git remote; the host deploys them without losing a request',
  schema,
  needs: ['git'],
  history: true,

  async plan({ manifest }) {
    const { remote, branch } = readOptions(manifest.system.deploy.options)
    const file = describeRelease(manifest, { number: 1 })
    const layers = releasedLayers(manifest).map(({ name, path, sha256 }) => ({ name, path, sha256 }))
    const command = [
      'git',
      'push',
      '--atomic',
      remote,
      `<commit>:refs/heads/${branch}`,
      '<commit>:refs/tags/release-<n>',
    ]
    const text = [
      ...layers.map(({ path, sha256 }) => `${sha256.slice(0, 16)}  ${path}`),
      '',
      messageOf(file).replaceAll(/^Release 1/gm, 'Release <n>'),
      shellLine(command),
    ]
    return { text: text.join('\n'), data: { layers, command } }
  },

  async deploy(release, context) {
    const options = readOptions(release.manifest.system.deploy.options)
    const releases = await Releases.fetch(options, context)
    return push(releases, await releases.commitBuilt(release), options.remote)
  },

  async rollback(context, number, { data = false } = {}) {
    const options = readOptions(context.config.deploy.options)
    const releases = await Releases.fetch(options, context)
    const all = (await releases.list()).map((each) => ({ ...each, number: each.file.number }))
    const [newest] = all
    // A rollback is a new release: its predecessor is that of the release that it restored.
    const current = newest?.file.rollbackOf ?? newest?.number
    const chosen = choosePrevious(all, current, number)
    return push(releases, await releases.commitAgain(chosen.commit, data), options.remote)
  },

  async list(context) {
    const options = readOptions(context.config.deploy.options)
    const releases = await (await Releases.fetch(options, context)).list()
    const serving = releases.length === 0 ? undefined : await servingRelease(context)
    return listReport(
      releases.map(({ commit, added, file }) => {
        const { number, app, source, rollbackOf } = file
        const own = { number, added, commit, app, source, serves: number === serving }
        return rollbackOf === undefined ? own : { ...own, rollbackOf }
      }),
    )
  },

  async status(context) {
    return ask(context, ['status'])
  },

  async logs(context, follow) {
    await ask(context, follow ? ['logs', '--follow'] : ['logs'])
  },

  async stop(context) {
    return ask(context, ['stop'])
  },

  async destroy(context, { data = false } = {}) {
    return ask(context, data ? ['destroy', '--data'] : ['destroy'])
  },
}

export default git

function ask(context: Context, words: readonly string[]): Promise<Report> {
  const { remote } = readOptions(context.config.deploy.options)
  return askHost(remote, words, context, context.print)
}

/** Returns the number of the release that the host runs; it need not be the newest. */
async function servingRelease(context: Context): Promise<unknown> {
  try {
    return (await ask(context, ['status'])).data['number']
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    log.warn(`cannot determine which release serves: ${error.message}`)
    return undefined
  }
}

async function push(
  releases: Releases,
  commit: Awaited<ReturnType<Releases['commitBuilt']>>,
  remote: string,
): Promise<Report> {
  const { bytes, output } = await releases.push(commit)
  const { number, digest } = commit.file
  const serves = output.includes(`release ${number} serves`)
  const text = serves
    ? `release ${number} serves`
    : `release ${number} is stored in ${remote}, which does not run releases`
  return { text, data: { number, commit: commit.commit, digest, bytes, serves } }
}
