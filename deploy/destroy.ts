import { createInterface } from 'node:readline/promises'
import { UserError } from '../config/lib/errors.ts'
import { main } from '../config/lib/main.ts'
import { configuredTarget, printReport } from './command.ts'
import { verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy:destroy --',
    summary:
      'Removes the machine and its releases from the target; keeps its data.\n\nexample: npm run deploy:destroy -- --yes --data',
    options: { yes: { type: 'boolean' }, data: { type: 'boolean' }, json: { type: 'boolean' } },
    help: { yes: 'do not ask for confirmation', data: 'remove the data, too', json: 'print JSON' },
  },
  async ({ values }) => {
    const { target, context } = await configuredTarget()
    const destroy = verb(target, 'destroy')
    const data = values.data === true
    if (values.yes !== true) await confirm(context.config.hostname, data)
    printReport(await destroy(context, { data }), values.json === true)
  },
)

/** @throws {UserError} when another name is typed, or there is no terminal */
async function confirm(name: string, data: boolean): Promise<void> {
  if (!process.stdin.isTTY)
    throw new UserError('confirmation needs a terminal', { hint: 'npm run deploy:destroy -- --yes' })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(
    `Remove ${name} and its releases${data ? ', and its data' : ''}? Type ${name} to confirm: `,
  )
  terminal.close()
  if (answer !== name) throw new UserError(`nothing was removed: the name of the machine is ${name}`)
}
