import { loadConfig } from '../config/load.ts'
import { buildApp } from './app.ts'
import { planApp } from './app/stage.ts'
import { check, report } from './check.ts'
import { hostFacts } from './host/facts.ts'
import { buildKernel } from './kernel.ts'
import { jobsFrom } from './kernel/compile.ts'
import { cacheFrom } from './pipeline/cache.ts'
import { main } from '../config/lib/main.ts'
import { dist, root } from '../config/lib/paths.ts'
import { requireTools } from './needs.ts'
import { buildRuntime } from './runtime.ts'
import { npmNode } from './runtime/node.ts'

await main(
  import.meta,
  {
    usage: 'npm run build:layers --',
    example: 'npm run build:layers',
    summary:
      'Checks the host and the configuration, then builds the kernel, the runtime layer and the app layer.',
    options: {},
    help: {},
  },
  async () => {
    const cache = cacheFrom(process.env)
    const jobs = process.env['NODEOS_JOBS']
    const facts = hostFacts(process.env)
    report(await check({ facts, loadConfig: async () => loadConfig(), root, dist, cache, jobs }))
    const config = await loadConfig()
    const beforeCompiling = async (): Promise<void> => {
      const { binary: node } = await npmNode(config.machine.arch)
      planApp({ root, config, node })
      // A store may have offered a kernel whose bytes were refused.
      requireTools(['kernel', 'compiler'], facts)
    }
    await buildKernel({ config, cache, out: dist, jobs: jobsFrom(jobs), beforeCompiling })
    await buildRuntime({ config, cache, out: dist })
    await buildApp({ root, config, out: dist })
  },
)
