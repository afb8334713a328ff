import { appRelease, folderOf } from '../release.ts'
import { answerOf, type MakeWorld } from '../world.ts'
import { startLibvirtd } from '../libvirtd.ts'
import { freePort } from '../ports.ts'

const world: MakeWorld = async (t) => {
  const libvirtd = await startLibvirtd(t)
  const port = await freePort()
  const state = folderOf(t)
  return {
    async release(app, system, on) {
      const config = {
        hostname: 'domain',
        ports: [{ guest: 8080, host: port }],
        health: { path: '/', timeout: 300 },
        restart: { crashLoopCount: 3 },
        deploy: {
          target: 'libvirt',
          options: { uri: libvirtd.uri, pool: libvirtd.pool, network: 'user' },
        },
        ...system,
      }
      const { release, context } = await appRelease(t, app, config, on)
      return { release, context: { ...context, state } }
    },
    answer: () => answerOf(port),
  }
}

export default world
