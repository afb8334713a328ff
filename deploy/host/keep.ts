import { UserError } from '../../config/lib/errors.ts'
import { type CommittedRelease, readRelease, tagOf } from '../git/release.ts'
import type { Git } from '../git/git.ts'
import { type Kept, ReleaseStore } from '../release/store.ts'
import type { Home } from './home.ts'
import { repositoryOf } from './repository.ts'

/** Keeps a release ready to run, with its layers from the repository. */
export function keepRelease(
  store: ReleaseStore,
  git: Git,
  { commit, file: { number, restore }, manifest }: CommittedRelease,
): Promise<Kept> {
  return store.add(
    { number, commit, manifest, ...(restore === undefined ? {} : { restore }) },
    ({ path }, target) => git.export(`${commit}:${path}`, target),
  )
}

/** Keeps releases again whose records cannot be read: a host that lost its power may have some. */
export async function restoreRecords(home: Home, name: string, say: (text: string) => void): Promise<void> {
  const store = new ReleaseStore(home.folder(name))
  const git = repositoryOf(home, name)
  for (const number of await store.unreadable()) {
    try {
      const commit = await git.commitOf(`refs/tags/${tagOf(number)}`)
      if (commit === undefined) throw new UserError('the repository has no tag for it')
      await keepRelease(store, git, await readRelease(git, commit))
      say(`restored release ${number} from the repository: its record was unreadable`)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      say(`cannot restore release ${number}, whose record is unreadable: ${why}`)
    }
  }
}
