import { main } from '../config/lib/main.ts'
import { configuredTarget, positiveNumber, printReport } from './command.ts'
import { verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy:rollback -- [release]',
    summary:
      'Runs an earlier release: the previous one, or the one with that number. It must pass the health check, too.\n\nexample: npm run deploy:rollback -- 3',
    positionals: true,
    options: { data: { type: 'boolean' }, json: { type: 'boolean' } },
    help: { data: 'restore the data, too, as that release left it', json: 'print JSON' },
  },
  async ({ values, positionals: [release] }) => {
    const { target, context } = await configuredTarget()
    const number = release === undefined ? undefined : positiveNumber('release', release)
    const report = await verb(target, 'rollback')(context, number, { data: values.data === true })
    printReport(report, values.json === true)
  },
)
