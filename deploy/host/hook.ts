import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../config/lib/errors.ts'
import { takeLock } from '../../config/lib/lock.ts'
import { main } from '../../config/lib/main.ts'
import { markProcess } from '../../config/lib/process.ts'
import { call, type Request, ServiceAbsent } from './channel.ts'
import { Home } from './home.ts'
import { branch, keepRelease, minisignNotice, removeStaleLocks, repositoryOf } from './repository.ts'
import { readState } from './state.ts'
import { checkRoom, parseUpdates, type Update, verifyPush } from './verify.ts'
import { ReleaseStore } from '../release/store.ts'

/** The push that a hook handles. */
interface Push {
  home: Home
  name: string
  updates: Update[]
}

const patienceMs = 15_000
const againMs = 200

/** git shows the stderr of a hook to the person who pushes. */
const print = (line: string): void => void process.stderr.write(`${line}\n`)

/** Sends a request to the service. A service that was killed restarts soon: the request is retried. */
async function send(home: Home, request: Request): Promise<void> {
  let until = Date.now() + patienceMs
  for (; ; await wait(againMs)) {
    const asked = Date.now()
    try {
      return print((await call(home.socket, request, print).report).text)
    } catch (error) {
      if (!(error instanceof ServiceAbsent)) throw error
      // It ran until a moment ago.
      if (Date.now() - asked > againMs) until = Date.now() + patienceMs
      if (Date.now() > until) throw error
    }
  }
}

/** Stores a release and boots it; git accepts the push only if it becomes healthy. */
async function preReceive({ home, name, updates }: Push): Promise<void> {
  const pusher = markProcess(process.ppid)
  if (pusher === undefined) throw new UserError('the push was interrupted')
  await takeLock(join(home.folder(name), 'push.lock'), pusher, 'another deploy')
  const git = repositoryOf(home, name)
  await removeStaleLocks(git)
  const { highest } = await readState(home, name)
  const unsignedHint = await minisignNotice(home, name)
  const expected = { name, branch, highest, ...(unsignedHint === undefined ? {} : { unsignedHint }) }
  const release = await verifyPush(git, updates, expected)
  if (release === undefined) return
  const store = new ReleaseStore(home.folder(name))
  await checkRoom(release, store, await home.settings(name))
  const { number } = await keepRelease(store, git, release)
  await send(home, { verb: 'prepare', appliance: name, number, pusher })
}

/** Moves traffic: the commit is on the branch. */
async function postReceive({ home, name, updates }: Push): Promise<void> {
  const commit = updates.find(({ ref }) => ref === `refs/heads/${branch}`)?.after
  if (commit === undefined) return
  const kept = (await new ReleaseStore(home.folder(name)).list()).find((each) => each.commit === commit)
  if (kept === undefined) {
    throw new UserError(
      `the commit ${commit.slice(0, 12)} is on the branch, but this host has no record of its release`,
      {
        hint: 'the previous release keeps serving; npm run deploy   retries',
      },
    )
  }
  await send(home, { verb: 'commit', appliance: name, number: kept.number })
}

await main(
  import.meta,
  {
    usage: 'hook',
    example: 'node deploy/host/hook.ts pre-receive ~/nodeos shop',
    summary: 'Git runs this in a repository that npm run host has set up.',
    options: {},
    help: {},
    words: ['hook', 'home', 'appliance'],
  },
  async ({ positionals: [hook, home, name = ''] }) => {
    const push = { home: new Home(home), name, updates: parseUpdates(await text(process.stdin)) }
    await (hook === 'pre-receive' ? preReceive(push) : postReceive(push))
  },
)
