import { main } from '../../config/lib/main.ts'
import { call, type Request } from './channel.ts'
import { Home } from './home.ts'

const verbs = ['status', 'logs', 'stop', 'destroy']

const print = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`)

await main(
  import.meta,
  {
    usage: 'nodeos',
    example: 'nodeos ~/nodeos shop status',
    summary: `Connects npm run deploy:… of another computer to the service of this host: ${verbs.join(', ')}. Prints JSON lines.`,
    options: { follow: { type: 'boolean' }, data: { type: 'boolean' } },
    help: { follow: 'logs: follow until the machine ends', data: 'destroy: remove the data, too' },
    words: ['home', 'appliance', '[verb]'],
  },
  async ({ values, positionals: [home, appliance = '', verb = 'status'] }) => {
    const request: Request = {
      verb,
      appliance,
      follow: values.follow === true,
      data: values.data === true,
    }
    const asked = call(new Home(home).socket, request, (text) => print({ print: text }))
    process.stdout.once('error', () => asked.withdraw())
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => asked.withdraw())
    print(await asked.report)
  },
)
