import { join } from 'node:path'
import { main } from '../config/lib/main.ts'
import { dist, root } from '../config/lib/paths.ts'
import { runSync } from '../config/lib/run.ts'
import { checkAppConfig } from '../config/app.ts'
import { loadConfig } from '../config/load.ts'
import { contextIn, positiveNumber } from './command.ts'
import { runInMachine } from './dev/machine.ts'
import { runOnHost } from './dev/host.ts'
import { loadRelease } from './release/dist.ts'
import { readOptions } from './qemu/options.ts'

await main(
  import.meta,
  {
    usage: 'npm run dev --',
    summary:
      'Runs the app in a machine, or on this host, and restarts it when app/ or config/ changes.\n\nexample: npm run dev -- --host',
    options: { host: { type: 'boolean' }, 'inspect-port': { type: 'string', default: '9229' } },
    help: {
      host: 'run the app on this host, without a machine, with the same configuration and environment',
      'inspect-port': 'port on 127.0.0.1 for the debugger of an editor or chrome://inspect; default 9229',
    },
  },
  async ({ values }) => {
    const config = await loadConfig()
    await checkAppConfig(root)
    const context = contextIn(join(dist, 'dev'), config)
    const inspect = positiveNumber('--inspect-port', values['inspect-port'])
    if (values.host === true) {
      const { env: envFile } = await readOptions(config.deploy.options)
      await runOnHost({ root, config, envFile, inspect, signal: context.signal })
    } else {
      runSync(['npm', 'run', '--silent', 'build'], { purpose: 'build the machine', cwd: root })
      await runInMachine({ root, config, release: await loadRelease(dist), context, inspect })
    }
  },
)
