import { main } from '../build/lib/main.ts'
import { configuredTarget, printReport } from './command.ts'
import { verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy:status --',
    summary: 'Shows whether the machine runs, and how. Exit status 3 when it does not, as systemctl has it.',
    options: { json: { type: 'boolean' } },
    help: { json: 'print JSON' },
  },
  async ({ values }) => {
    const { target, context } = await configuredTarget()
    printReport(await verb(target, 'status')(context), values.json === true)
  },
)
