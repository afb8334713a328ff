import { join } from 'node:path'
import { checkAppConfig } from '../../config/app.ts'
import { dist, root } from '../../config/lib/paths.ts'
import { runSync } from '../../config/lib/run.ts'
import { loadConfig } from '../../config/load.ts'
import { runOnHost } from '../dev/host.ts'
import { runInMachine } from '../dev/machine.ts'
import { loadRelease } from '../release/dist.ts'
import { readOptions } from '../qemu/options.ts'
import { makeContext } from './context.ts'
import { positiveNumber, verb, type Verb } from './verb.ts'

export const dev: Verb = verb({
  usage: 'npm run dev --',
  summary: 'Runs the app in a machine, or on this host, and restarts it when app/ or config/ changes.',
  options: { host: { type: 'boolean' }, 'inspect-port': { type: 'string', default: '9229' } },
  help: {
    host: 'run the app on this host, without a machine, with the same configuration and environment',
    'inspect-port': 'port on 127.0.0.1 for the debugger of an editor or chrome://inspect; default 9229',
  },
  json: { unsupported: 'the output of the app is printed unchanged' },
  example: 'npm run dev -- --host',
  async run(values) {
    const inspect = positiveNumber('--inspect-port', values['inspect-port'])
    const config = await loadConfig()
    await checkAppConfig(root)
    const context = makeContext(join(dist, 'dev'), config)
    if (values.host === true) {
      const { env: envFile } = await readOptions(config.deploy.options)
      await runOnHost({ root, config, envFile, inspect, signal: context.signal })
    } else {
      runSync(['npm', 'run', '--silent', 'build'], { purpose: 'build the machine', cwd: root })
      await runInMachine({ root, config, release: await loadRelease(dist), context, inspect })
    }
    return undefined
  },
})
