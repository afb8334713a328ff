import { extname } from 'node:path'
import { hashText } from '../../config/lib/hash.ts'
import { UserError } from '../../config/lib/errors.ts'
import type { Manifest } from '../../build/pipeline/manifest.ts'
import type { Problem } from '../../config/explain.ts'
import { parseOr } from '../../config/lib/json.ts'
import { keyOf } from '../../config/pointer.ts'
import { layersOf } from '../release/store.ts'
import type { Git } from './git.ts'
import { manifestProblems, type ReleaseFile, releaseProblems } from './schema.ts'

export const releaseName = 'release.json'
export const manifestName = 'manifest.json'

/** Formats the manifest of a release: the layers that boot, without the options of the deploy. */
export function manifestText(manifest: Manifest): string {
  const { system } = manifest
  const own = {
    ...manifest,
    system: { ...system, deploy: { ...system.deploy, options: {} } },
    artefacts: releasedLayers(manifest),
  }
  return `${JSON.stringify(own, null, 2)}\n`
}

/** Lists the layers of a release, with their paths in its commit. */
export function releasedLayers(manifest: Manifest): Manifest['artefacts'] {
  return layersOf(manifest).map((layer) => ({ ...layer, path: layer.name + extname(layer.path) }))
}

export function describeRelease(
  manifest: Manifest,
  { number, rollbackOf, restore }: Pick<ReleaseFile, 'number' | 'rollbackOf' | 'restore'>,
): ReleaseFile {
  const { machine, ports, network, health, hostname } = manifest.system
  return {
    version: 1,
    appliance: hostname,
    number,
    app: manifest.app,
    source: manifest.source,
    digest: hashText(manifestText(manifest)),
    launch: { machine, ports, network, health },
    ...(rollbackOf === undefined ? {} : { rollbackOf }),
    ...(restore === undefined ? {} : { restore }),
  }
}

/** Formats the message of a release's commit. */
export function messageOf({ number, appliance, app, source, digest, rollbackOf }: ReleaseFile): string {
  const { commit = 'none', dirty } = source
  const subject =
    rollbackOf === undefined
      ? `Release ${number}: ${appliance} ${app}`
      : `Release ${number}: back to release ${rollbackOf}, ${appliance} ${app}`
  return [
    subject,
    '',
    `app: ${app}`,
    `source: ${commit}${dirty === true ? ' with changes' : ''}`,
    `image: sha256:${digest}`,
    '',
  ].join('\n')
}

/** @param number `*` for all of them */
export function tagOf(number: number | '*'): string {
  return `release-${number}`
}

/** A release as its commit holds it. */
export interface CommittedRelease {
  commit: string
  file: ReleaseFile
  manifest: Manifest
}

/** Reads `release.json` of a commit. @throws {UserError} when the commit is not a release */
export async function readReleaseFile(git: Git, commit: string): Promise<ReleaseFile> {
  return asReleaseFile(commit, await git.read(`${commit}:${releaseName}`))
}

/** Reads `release.json` of several commits. @throws {UserError} when one of them is not a release */
export async function readReleaseFiles(git: Git, commits: readonly string[]): Promise<ReleaseFile[]> {
  const texts = await git.readAll(commits.map((commit) => `${commit}:${releaseName}`))
  return commits.map((commit, index) => asReleaseFile(commit, texts[index]))
}

function asReleaseFile(commit: string, text: string | undefined): ReleaseFile {
  const file = text === undefined ? undefined : parseOr<ReleaseFile | undefined>(text, undefined)
  if (file?.version !== 1) {
    throw new UserError(`the commit ${commit.slice(0, 12)} is not a NodeOS release`, {
      hint: 'the branch of releases must hold nothing else: check deploy.options.branch',
    })
  }
  refuse(`${releaseName} of the commit ${commit.slice(0, 12)}`, releaseProblems(file))
  return file
}

/**
 * Reads a release with its manifest.
 *
 * @throws {UserError} when the commit is not a release, or its manifest is altered or invalid
 */
export async function readRelease(git: Git, commit: string): Promise<CommittedRelease> {
  const file = await readReleaseFile(git, commit)
  const text = (await git.read(`${commit}:${manifestName}`)) ?? ''
  const manifest = parseOr<Manifest | undefined>(text, undefined)
  if (manifest?.version !== 1 || hashText(text) !== file.digest) {
    throw new UserError(
      `the manifest of release ${file.number} was altered: its digest does not match release.json`,
    )
  }
  refuse(`${manifestName} of release ${file.number}`, manifestProblems(manifest))
  return { commit, file, manifest }
}

/** @throws {UserError} that lists the problems, if there are any */
function refuse(what: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return
  throw new UserError(`invalid ${what}`, {
    hint: [
      ...problems.map(({ pointer, text }) => `${keyOf(pointer)}: ${text}`),
      'If the release was built by a newer NodeOS, update this clone: git pull && npm install',
    ].join('\n'),
  })
}
