import { log } from '../config/lib/log.ts'
import { main } from '../config/lib/main.ts'
import { dist } from '../config/lib/paths.ts'
import { sourceState } from '../build/manifest.ts'
import { configuredTarget, printReport } from './command.ts'
import { loadRelease, staleBuild } from './release/dist.ts'
import { requireTools, verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy --',
    summary:
      'Deploys the build in dist/ to the target that deploy.target in config/system.json names.\n\nexample: npm run deploy -- --dry-run',
    options: { 'dry-run': { type: 'boolean' }, json: { type: 'boolean' } },
    help: { 'dry-run': 'print the commands without running them', json: 'print JSON' },
  },
  async ({ values }) => {
    const { target, context } = await configuredTarget()
    requireTools(target)
    const release = await loadRelease(dist)
    const stale = staleBuild(release.manifest.source, sourceState())
    if (stale !== undefined && target.history === true) throw stale
    if (stale !== undefined) log.warn(`${stale.message}: ${stale.hint}`)
    const run = values['dry-run'] === true ? verb(target, 'plan') : target.deploy.bind(target)
    printReport(await run(release, context), values.json === true)
  },
)
