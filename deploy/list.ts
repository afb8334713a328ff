import { main } from '../build/lib/main.ts'
import { configuredTarget, printReport } from './command.ts'
import { verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy:list --',
    summary: 'Lists the releases of the machine, the newest first, and which one serves.',
    options: { json: { type: 'boolean' } },
    help: { json: 'print JSON' },
  },
  async ({ values }) => {
    const { target, context } = await configuredTarget()
    printReport(await verb(target, 'list')(context), values.json === true)
  },
)
