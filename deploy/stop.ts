import { main } from '../build/lib/main.ts'
import { configuredTarget, printReport } from './command.ts'
import { verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy:stop --',
    summary: 'Presses the power button: the app finishes its work, then the machine is off.',
    options: { json: { type: 'boolean' } },
    help: { json: 'print JSON' },
  },
  async ({ values }) => {
    const { target, context } = await configuredTarget()
    printReport(await verb(target, 'stop')(context), values.json === true)
  },
)
