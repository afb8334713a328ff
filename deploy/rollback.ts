import { main } from '../build/lib/main.ts'
import { configuredTarget, positiveNumber, printReport } from './command.ts'
import { verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy:rollback -- [release]',
    summary: 'Runs a release again, behind the same health gate: the one before, or the one of that number.',
    positionals: true,
    options: { json: { type: 'boolean' } },
    help: { json: 'print JSON' },
  },
  async ({ values, positionals: [release] }) => {
    const { target, context } = await configuredTarget()
    const number = release === undefined ? undefined : positiveNumber('release', release)
    printReport(await verb(target, 'rollback')(context, number), values.json === true)
  },
)
