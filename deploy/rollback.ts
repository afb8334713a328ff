import { main } from '../build/lib/main.ts'
import { configuredTarget, printReport } from './command.ts'
import { verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy:rollback --',
    summary: 'Runs the release before again, behind the same health gate.',
    options: { json: { type: 'boolean' } },
    help: { json: 'print JSON' },
  },
  async ({ values }) => {
    const { target, context } = await configuredTarget()
    printReport(await verb(target, 'rollback')(context), values.json === true)
  },
)
