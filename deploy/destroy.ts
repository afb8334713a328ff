import { createInterface } from 'node:readline/promises'
import { UserError } from '../build/lib/errors.ts'
import { main } from '../build/lib/main.ts'
import { configuredTarget, printReport } from './command.ts'
import { verb } from './target.ts'

await main(
  import.meta,
  {
    usage: 'npm run deploy:destroy --',
    summary: 'Removes the machine from its target, with all that belongs to it there but its data.',
    options: { yes: { type: 'boolean' }, data: { type: 'boolean' }, json: { type: 'boolean' } },
    help: { yes: 'do not ask', data: 'remove its data, too', json: 'print JSON' },
  },
  async ({ values }) => {
    const { target, context } = await configuredTarget()
    const destroy = verb(target, 'destroy')
    const data = values.data === true
    if (values.yes !== true) await confirm(context.config.hostname, data)
    printReport(await destroy(context, { data }), values.json === true)
  },
)

/** @throws {UserError} when the answer is another one, or nobody is there to give it */
async function confirm(name: string, data: boolean): Promise<void> {
  if (!process.stdin.isTTY)
    throw new UserError('nobody can be asked', { hint: '-- --yes   removes it without asking' })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(
    `Remove ${name}, and all that belongs to it${data ? ', its data too' : ''}? Type its name: `,
  )
  terminal.close()
  if (answer !== name) throw new UserError('nothing was removed: that is not its name')
}
