import { readdir, readFile, rm } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { UserError } from '../config/lib/errors.ts'
import { log } from '../config/lib/log.ts'
import { main } from '../config/lib/main.ts'
import { loadConfig } from '../config/load.ts'
import { DataDisk } from './data/disk.ts'
import { checkEnvironment } from './environment.ts'
import { call, ServiceAbsent } from './host/channel.ts'
import { checkCgroup } from './host/limits.ts'
import { checkName, Home, type Settings } from './host/home.ts'
import { removeRepository, setUpRepository } from './host/repository.ts'
import { distrust, minisignNotice, signers, trust } from './host/signers.ts'
import { supervisorOf } from './host/supervise.ts'
import { positiveNumber, printReport } from './command.ts'
import type { Report } from './target.ts'
import type { PortForward } from './qemu/command.ts'

interface Flags {
  home?: string | undefined
  publish?: string[] | undefined
  bind?: string | undefined
  memory?: string | undefined
  cpus?: string | undefined
  cgroup?: string | undefined
  keep?: string | undefined
  env?: string | undefined
  trust?: string[] | undefined
  yes?: boolean | undefined
  purge?: boolean | undefined
}

type Verb = (home: Home, words: readonly string[], flags: Flags) => Promise<Report>

/** Sets up the host, and an appliance on it: its own name is the default one. */
const add: Verb = async (home, [given], flags) => {
  const name = checkName(given ?? (await loadConfig()).hostname)
  // What was asked for wrongly leaves no half of an appliance.
  const asked = await settingsOf(flags)
  const keys = await Promise.all((flags.trust ?? []).map(keyText))
  await setUpRepository(home, name)
  await home.saveSettings(name, { ...(await home.settings(name)), ...asked })
  for (const key of keys) await trust(home, name, key)
  const service = await supervisorOf(home).start()
  const trusted = await signers(home, name)
  await warnOfMinisign(home, name)
  const repository = home.repository(name)
  const remote = `${userInfo().username}@${hostname()}:${repository}`
  const said =
    trusted.length === 0
      ? `but no key is trusted yet, so every release is rejected: npm run host -- trust ${name} KEY.pub`
      : `signed by one of: ${trusted.map((signer) => signer.name).join(', ')}`
  return {
    text: [
      `${name} is ready for releases ${said}`,
      `  service  ${service}`,
      `  remote   ${remote}`,
      '',
      'Add this to config/system.json of the appliance:',
      `  "deploy": { "target": "git", "options": { "remote": "${remote}" } }`,
    ].join('\n'),
    data: { name, home: home.path, repository, remote, signers: trusted },
  }
}

const verbs: Record<string, { words: string; summary: string; run: Verb }> = {
  add: {
    words: '[name]',
    summary: 'set up the host and an appliance, or change its settings (default)',
    run: add,
  },
  trust: {
    words: 'name key.pub',
    summary: 'trust a public key to sign releases of an appliance',
    async run(home, [name = '', key], _flags) {
      if (key === undefined)
        throw new UserError('trust: missing the public key', { hint: 'npm run host -- trust NAME KEY.pub' })
      const signer = await trust(home, await known(home, name), await keyText(key))
      return { text: `${signer.name} may sign releases of ${name}`, data: { ...signer } }
    },
  },
  distrust: {
    words: 'name key',
    summary: 'stop trusting a key, or all keys of that name; the running release is not affected',
    async run(home, [name = '', key = ''], _flags) {
      const text = existsSync(key) ? await readFile(key, 'utf8') : key
      const gone = await distrust(home, await known(home, name), text.trim())
      const others = (await signers(home, name)).filter((each) => each.name === gone[0]?.name).length
      const lines = gone.map((each) => `${each.name} may no longer sign releases of ${name}: ${each.key}`)
      if (others > 0) lines.push(`other keys of that name are still trusted: ${others}`)
      return { text: lines.join('\n'), data: { signers: gone } }
    },
  },
  status: {
    words: '',
    summary: 'show every appliance of the host',
    async run(home) {
      const names = await home.appliances()
      const reports = await Promise.all(names.map((name) => statusOf(home, name)))
      for (const name of names) await warnOfMinisign(home, name)
      return {
        text:
          reports.map(({ text }) => text).join('\n') || 'no appliance is set up: npm run host -- add NAME',
        data: { appliances: reports.map(({ data }) => data) },
        ...(reports.some(({ status }) => status === 1) ? { status: 1 } : {}),
      }
    },
  },
  restart: {
    words: '',
    summary: 'restart the service, after an update of this clone or of --bind; machines keep running',
    async run(home) {
      const supervisor = supervisorOf(home)
      await supervisor.stop()
      return { text: `the service is running: ${await supervisor.start()}`, data: { home: home.path } }
    },
  },
  remove: {
    words: 'name',
    summary: 'remove an appliance, its releases and its repository; --purge removes its data, too',
    async run(home, [name = ''], flags) {
      await known(home, name)
      await confirm(`Remove ${name}, its releases and its repository`, name, flags)
      await call(home.socket, { verb: 'stop', appliance: name }, () => undefined).report
      await removeRepository(home, name)
      await call(home.socket, { verb: 'load', appliance: '' }, () => undefined).report
      const disk = new DataDisk(home.dataFile(name))
      const stays = flags.purge !== true && (await disk.exists())
      for (const file of await readdir(home.folder(name))) {
        const path = join(home.folder(name), file)
        if (!stays || path !== disk.file) await rm(path, { recursive: true, force: true })
      }
      if (!stays) await rm(home.folder(name), { recursive: true, force: true })
      const text = stays ? `removed ${name}; its data is kept in ${disk.file}` : `removed ${name}`
      return { text, data: { removed: name } }
    },
  },
  uninstall: {
    words: '',
    summary: 'stop every machine and remove the service; --purge removes the repositories, too',
    async run(home, _words, flags) {
      await confirm(`Stop every machine of ${home.path} and remove the service`, hostname(), flags)
      for (const name of await home.appliances()) {
        log.step(`Stopping ${name}`)
        await call(home.socket, { verb: 'stop', appliance: name }, () => undefined).report.catch(
          (error: unknown) => {
            if (!(error instanceof UserError)) throw error
            log.warn(error.message)
          },
        )
      }
      const stays = await supervisorOf(home).uninstall()
      if (flags.purge === true) await rm(home.path, { recursive: true, force: true })
      const rest =
        flags.purge === true
          ? ', all repositories and releases'
          : `; repositories and releases are kept in ${home.path}`
      const text = [`removed the service${rest}`, stays ?? []].flat().join('\n')
      return { text, data: { home: home.path } }
    },
  },
}

await main(
  import.meta,
  {
    usage: 'npm run host -- [verb]',
    summary: [
      'Sets up this host for deploys by git: a repository for each appliance, and a service that boots, checks and replaces releases.',
      '',
      ...Object.entries(verbs).map(
        ([name, { words, summary }]) => `  ${`${name} ${words}`.padEnd(22)} ${summary}`,
      ),
      '',
      'example: npm run host -- add shop --publish 443:8443 --trust laptop.pub',
    ].join('\n'),
    positionals: true,
    options: {
      home: { type: 'string' },
      publish: { type: 'string', multiple: true },
      bind: { type: 'string' },
      memory: { type: 'string' },
      cpus: { type: 'string' },
      cgroup: { type: 'string' },
      keep: { type: 'string' },
      env: { type: 'string' },
      trust: { type: 'string', multiple: true },
      yes: { type: 'boolean' },
      purge: { type: 'boolean' },
      json: { type: 'boolean' },
    },
    help: {
      home: 'folder of all appliances; default: NODEOS_HOST, else ~/nodeos',
      publish: 'add: publish a port of the machine, HOST:GUEST, with /udp for UDP',
      bind: 'add: address on which published ports listen; default 0.0.0.0',
      memory: 'add: largest machine.memory that a release may request, in MiB',
      cpus: 'add: largest machine.cpus that a release may request',
      cgroup: 'add: folder of a cgroup v2 that limits its machines, on hosts without systemd',
      keep: 'add: how many releases are kept for a rollback; default 5',
      env: 'add: file of KEY=value lines, such as secrets, that its machines get as environment variables',
      trust: 'add: file of an SSH public key that may sign releases',
      yes: 'do not ask for confirmation',
      purge: 'remove: remove the data, too; uninstall: remove repositories, releases and data, too',
      json: 'print JSON',
    },
  },
  async ({ values, positionals: [name = 'add', ...words] }) => {
    const verb = verbs[name]
    if (verb === undefined) {
      throw new UserError(`unknown verb '${name}'`, {
        hint: `npm run host -- VERB, one of: ${Object.keys(verbs).join(', ')}`,
      })
    }
    printReport(await verb.run(new Home(values.home), words, values), values.json === true)
  },
)

async function settingsOf(flags: Flags): Promise<Partial<Settings>> {
  const { publish, bind, memory, cpus, cgroup, keep, env } = flags
  return {
    ...(publish === undefined ? {} : { publish: publish.map(portOf) }),
    ...(bind === undefined ? {} : { bind }),
    ...(memory === undefined ? {} : { memory: positiveNumber('--memory', memory) }),
    ...(cpus === undefined ? {} : { cpus: positiveNumber('--cpus', cpus) }),
    ...(cgroup === undefined ? {} : { cgroup: await checkCgroup(resolve(cgroup)) }),
    ...(keep === undefined ? {} : { keep: positiveNumber('--keep', keep) }),
    ...(env === undefined ? {} : { env: await checkEnvironment('--env', resolve(env)) }),
  }
}

function portOf(text: string): PortForward {
  const [, host, guest, protocol = 'tcp'] = /^(\d+):(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? []
  if (host === undefined || guest === undefined) {
    throw new UserError(`--publish: must be HOST:GUEST, got '${text}'`, {
      hint: 'for example 80:8080, or 53:5353/udp',
    })
  }
  return { host: Number(host), guest: Number(guest), protocol: protocol === 'udp' ? 'udp' : 'tcp' }
}

/** Status of an appliance; of one that could not be taken up, why. @throws {ServiceAbsent} when nobody can be asked */
async function statusOf(home: Home, name: string): Promise<Report> {
  const { report } = call(home.socket, { verb: 'status', appliance: name }, () => undefined)
  return report.catch((error: unknown) => {
    if (!(error instanceof UserError) || error instanceof ServiceAbsent) throw error
    return { text: `${name}: ${error.message}`, data: { name, error: error.message }, status: 1 }
  })
}

async function warnOfMinisign(home: Home, name: string): Promise<void> {
  const notice = await minisignNotice(home, name)
  if (notice !== undefined) log.warn(notice)
}

async function keyText(file: string): Promise<string> {
  if (/^(ssh|ecdsa|sk)-/.test(file)) return file
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot read the public key ${file}`, { cause: error })
  })
}

async function known(home: Home, name: string): Promise<string> {
  const names = await home.appliances()
  if (names.includes(name)) return name
  throw new UserError(`this host has no appliance '${name}'`, {
    hint: `appliances of this host: ${names.join(', ') || 'none'}`,
  })
}

async function confirm(what: string, name: string, { yes }: Flags): Promise<void> {
  if (yes === true) return
  if (!process.stdin.isTTY) throw new UserError('confirmation needs a terminal', { hint: 'pass --yes' })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${what}? Type ${name} to confirm: `)
  terminal.close()
  if (answer !== name) throw new UserError(`nothing was done: the answer was not ${name}`)
}
