import { appRelease, folderOf } from '../../fixtures/release.ts'
import { freePort } from '../../kernel/fixtures/system.ts'
import { answerOf, type MakeWorld } from '../world.ts'

const world: MakeWorld = async (t) => {
  const port = await freePort()
  const state = folderOf(t)
  return {
    async release(app) {
      const { release, context } = await appRelease(t, app, {
        hostname: 'here',
        ports: [{ guest: 8080, host: port }],
        health: { path: '/', timeout: 120 },
        restart: { crashLoopCount: 3 },
        deploy: { target: 'local' },
      })
      return { release, context: { ...context, state } }
    },
    answer: () => answerOf(port),
  }
}

export default world
