import { folderOf } from '../release.ts'
import { answerOf, type MakeWorld } from '../world.ts'
import { startHost } from '../git-host.ts'

const world: MakeWorld = async (t) => {
  const host = await startHost(t)
  const state = folderOf(t)
  return {
    async release(app, system, on) {
      const { release, context } = await host.release(app, system, on)
      return { release, context: { ...context, state } }
    },
    answer: () => answerOf(host.port),
  }
}

export default world
