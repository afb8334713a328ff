import { main } from '../build/lib/main.ts'
import { configuredTarget, positiveNumber, printReport } from './command.ts'
import { verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy:rollback -- [release]',
    summary: 'Runs a release again, behind the same health gate: the one before, or the one of that number.',
    positionals: true,
    options: { data: { type: 'boolean' }, json: { type: 'boolean' } },
    help: { data: 'bring back the data, too, as that release left them', json: 'print JSON' },
  },
  async ({ values, positionals: [release] }) => {
    const { target, context } = await configuredTarget()
    const number = release === undefined ? undefined : positiveNumber('release', release)
    const report = await verb(target, 'rollback')(context, number, { data: values.data === true })
    printReport(report, values.json === true)
  },
)
