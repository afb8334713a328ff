import { gitState } from '../../build/pipeline/manifest.ts'
import { log } from '../../config/lib/log.ts'
import { dist } from '../../config/lib/paths.ts'
import { loadRelease, staleBuild } from '../release/dist.ts'
import { requireTools, verb as targetVerb } from '../target.ts'
import { configuredTarget } from './context.ts'
import { jsonLines } from './json-lines.ts'
import { confirm, positiveNumber, verb, type Verb } from './verb.ts'

/** The verbs of the configured target. */
export const deployVerbs: Record<string, Verb> = {
  deploy: verb({
    usage: 'npm run deploy --',
    summary: 'Deploys the build in dist/ to the target that deploy.target in config/system.json names.',
    options: { 'dry-run': { type: 'boolean' } },
    help: { 'dry-run': 'print the commands without running them' },
    example: 'npm run deploy -- --dry-run',
    async run(values) {
      const { target, context } = await configuredTarget()
      requireTools(target)
      const release = await loadRelease(dist)
      const stale = staleBuild(release.manifest.source, gitState())
      if (stale !== undefined && target.history === true) throw stale
      if (stale !== undefined) log.warn(`${stale.message}: ${stale.hint}`)
      const run = values['dry-run'] === true ? targetVerb(target, 'plan') : target.deploy.bind(target)
      return run(release, context)
    },
  }),

  list: verb({
    usage: 'npm run deploy:list --',
    summary: 'Lists the releases of the machine, newest first, and marks the one that serves.',
    options: {},
    help: {},
    example: 'npm run deploy:list -- --json',
    run: () => withoutOptions('list'),
  }),

  status: verb({
    usage: 'npm run deploy:status --',
    summary:
      'Shows whether the machine runs and is healthy. The exit status is 3 if it does not run, as with systemctl.',
    options: {},
    help: {},
    example: 'npm run deploy:status -- --json',
    run: () => withoutOptions('status'),
  }),

  logs: verb({
    usage: 'npm run deploy:logs --',
    summary: "Prints the machine's console and follows it until the machine ends or you press Ctrl-C.",
    options: { 'no-follow': { type: 'boolean' } },
    help: { 'no-follow': 'print the console so far and exit' },
    json: { prints: 'print one JSON object per line: events unchanged, other output as {"text": …}' },
    example: 'npm run deploy:logs -- --no-follow --json',
    async run(values) {
      const { target, context } = await configuredTarget()
      const lines = jsonLines(context.print)
      const print = values.json === true ? lines.write : context.print
      await targetVerb(target, 'logs')({ ...context, print }, values['no-follow'] !== true)
      lines.end()
      return undefined
    },
  }),

  stop: verb({
    usage: 'npm run deploy:stop --',
    summary: 'Presses the power button: the app drains, then the machine powers off.',
    options: {},
    help: {},
    example: 'npm run deploy:stop -- --json',
    run: () => withoutOptions('stop'),
  }),

  rollback: verb({
    usage: 'npm run deploy:rollback --',
    summary:
      'Runs an earlier release: the previous one, or the one with that number. It must pass the health check, too.',
    words: ['[release]'],
    options: { data: { type: 'boolean' } },
    help: { data: 'restore the data, too, as that release left it' },
    example: 'npm run deploy:rollback -- 3',
    async run(values, [release]) {
      const number = release === undefined ? undefined : positiveNumber('release', release)
      const { target, context } = await configuredTarget()
      return targetVerb(target, 'rollback')(context, number, { data: values.data === true })
    },
  }),

  destroy: verb({
    usage: 'npm run deploy:destroy --',
    summary: 'Removes the machine and its releases from the target; keeps its data.',
    options: { yes: { type: 'boolean' }, data: { type: 'boolean' } },
    help: { yes: 'do not ask for confirmation', data: 'remove the data, too' },
    example: 'npm run deploy:destroy -- --yes --data',
    async run(values) {
      const { target, context } = await configuredTarget()
      const destroy = targetVerb(target, 'destroy')
      const data = values.data === true
      const { hostname } = context.config
      if (values.yes !== true)
        await confirm(`Remove ${hostname} and its releases${data ? ', and its data' : ''}`, hostname)
      return destroy(context, { data })
    },
  }),
}

async function withoutOptions(name: 'list' | 'status' | 'stop') {
  const { target, context } = await configuredTarget()
  return targetVerb(target, name)(context)
}
