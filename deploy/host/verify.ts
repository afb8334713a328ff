import { freemem, totalmem } from 'node:os'
import { freeBytes } from '../../build/host/space.ts'
import { UserError } from '../../config/lib/errors.ts'
import { formatBytes } from '../../config/lib/units.ts'
import { type CommittedRelease, readRelease, readReleaseFile } from '../git/release.ts'
import type { Git } from '../git/git.ts'
import type { ReleaseStore } from '../release/store.ts'
import type { Settings } from './home.ts'

/** A change of a reference, as git passes it to a hook. */
export interface Update {
  before: string
  after: string
  ref: string
}

/** The rules for a push. */
export interface Expected {
  name: string
  branch: string
  /** Number of the newest release that this host accepted, even if its repository was recreated. */
  highest: number
  /** What to do about an unsigned release; by default: sign it. */
  unsignedHint?: string
}

const none = /^0+$/
const mebibyte = 2 ** 20
/** Free space that must remain: for consoles and git's own packs. */
const spareBytes = 64 * mebibyte

/** Parses what git writes to a hook's stdin. */
export function parseUpdates(text: string): Update[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [before = '', after = '', ref = ''] = line.split(' ')
      return { before, after, ref }
    })
}

/**
 * Verifies a push: its releases must be signed, complete, and newer than all earlier ones.
 *
 * @returns the newest release; undefined for a push of tags alone
 * @throws {UserError} naming what is wrong
 */
export async function verifyPush(
  git: Git,
  updates: readonly Update[],
  { name, branch, highest, unsignedHint }: Expected,
): Promise<CommittedRelease | undefined> {
  const head = `refs/heads/${branch}`
  const update = updates.find(({ ref }) => ref === head)
  for (const each of updates) {
    if (none.test(each.after))
      throw new UserError(`${each.ref} cannot be deleted: the history of releases is permanent`)
    if (each.ref !== head) await verifyTag(git, each, { branch, tip: update?.after ?? head })
  }
  if (update === undefined) return undefined
  const { before, after } = update
  const first = none.test(before)
  if (!first && !(await git.isAncestor(before, after))) {
    throw new UserError('the push would rewrite the history of releases', {
      hint: 'npm run deploy   adds a release after the newest one',
    })
  }
  const range = first ? after : `${before}..${after}`
  const commits = (
    await git.run(['rev-list', '--reverse', '--first-parent', range], { purpose: 'list the releases' })
  ).split('\n')
  let number = first ? undefined : (await readReleaseFile(git, before)).number
  for (const commit of commits) {
    const file = await readReleaseFile(git, commit)
    if (file.appliance !== name) {
      throw new UserError(
        `this is a release of the appliance '${file.appliance}', but the repository is for '${name}'`,
        {
          hint: `correct hostname in config/system.json, or add the appliance on the host: npm run host -- add ${file.appliance}`,
        },
      )
    }
    await verifySignature(git, commit, file.number, unsignedHint)
    if (number !== undefined && file.number !== number + 1) {
      throw new UserError(`release ${file.number} cannot follow release ${number}`, {
        hint: 'npm run deploy',
      })
    }
    ;({ number } = file)
  }
  if (number !== undefined && number <= highest) {
    throw new UserError(`release ${number} is too old: this host already had release ${highest}`, {
      hint: 'npm run deploy:rollback   deploys an old release as a new one',
    })
  }
  const release = await readRelease(git, after)
  await verifyLayers(git, release)
  return release
}

async function verifyLayers(git: Git, { commit, file, manifest }: CommittedRelease): Promise<void> {
  for (const { name, path, sha256 } of manifest.artefacts) {
    if ((await git.sha256(`${commit}:${path}`)) === sha256) continue
    throw new UserError(`the layer ${name} of release ${file.number} does not match its manifest`)
  }
}

async function verifyTag(
  git: Git,
  { after, before, ref }: Update,
  { branch, tip }: { branch: string; tip: string },
): Promise<void> {
  const [, number] = /^refs\/tags\/release-(\d+)$/.exec(ref) ?? []
  if (number === undefined)
    throw new UserError(
      `${ref} rejected: a host accepts releases on the branch ${branch} and their tags only`,
      { hint: `set deploy.options.branch to "${branch}", or remove it` },
    )
  if (!none.test(before))
    throw new UserError(`the tag of release ${number} already exists and cannot be changed`)
  const commit = await git.commitOf(after)
  const own = commit !== undefined && (await git.isAncestor(commit, tip))
  if (!own || (await readReleaseFile(git, commit)).number !== Number(number)) {
    throw new UserError(`the tag release-${number} does not point to release ${number}`)
  }
}

async function verifySignature(
  git: Git,
  commit: string,
  number: number,
  unsignedHint = 'set deploy.options.sign to true',
): Promise<void> {
  const { status, stderr } = await git.try(['verify-commit', '--raw', commit], {
    purpose: 'check a signature',
  })
  const printed = stderr.trim()
  if (status === 0 && /^Good "git" signature for /m.test(printed)) return
  if (printed === '') throw new UserError(`release ${number} is not signed`, { hint: unsignedHint })
  if (/No principal matched|Good "git" signature with/.test(printed)) {
    throw new UserError(`release ${number} is signed by a key that this host does not trust`, {
      hint: 'on the host: npm run host -- trust NAME KEY.pub',
    })
  }
  throw new UserError(`invalid signature of release ${number}: it was altered, or git cannot verify it`, {
    hint: printed,
  })
}

/**
 * Checks that this host can store and run a release, before anything changes.
 *
 * @throws {UserError} naming what exceeds the limit, and the limit
 */
export async function checkRoom(
  { file: { number }, manifest }: CommittedRelease,
  store: ReleaseStore,
  { memory = Infinity, cpus = Infinity }: Settings,
): Promise<void> {
  const { machine, data } = manifest.system
  if (machine.memory > memory) {
    throw new UserError(
      `release ${number} requests ${machine.memory} MiB of memory; this host allows at most ${memory} MiB`,
    )
  }
  if (machine.cpus > cpus) {
    throw new UserError(`release ${number} requests ${machine.cpus} CPUs; this host allows at most ${cpus}`)
  }
  // A release with data starts after the old machine stopped, whose memory is free then.
  if (data === undefined && machine.memory * mebibyte > freemem()) {
    throw new UserError(
      `not enough memory on this host: release ${number} needs ${machine.memory} MiB beside the running machine; ${formatBytes(freemem())} of ${formatBytes(totalmem())} are free`,
    )
  }
  const missing = await store.bytesMissing(manifest)
  const free = freeBytes(store.folder)
  if (missing + spareBytes > free) {
    throw new UserError(
      `not enough disk space on this host: release ${number} needs ${formatBytes(missing)} and ${formatBytes(spareBytes)} to spare; ${formatBytes(free)} are free`,
      { hint: 'on the host: npm run host -- add NAME --keep 2   keeps fewer old releases' },
    )
  }
}
