import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { UsageError, UserError } from '../../config/lib/errors.ts'
import { log } from '../../config/lib/log.ts'
import { loadConfig } from '../../config/load.ts'
import { confirm, positiveNumber, verb, type Verb } from './verb.ts'
import { DataDisk } from '../data/disk.ts'
import { call, ServiceAbsent } from '../host/channel.ts'
import { checkName, Home, type Settings } from '../host/home.ts'
import { checkCgroup } from '../host/limits.ts'
import {
  distrust,
  minisignNotice,
  removeRepository,
  setUpRepository,
  signers,
  trust,
} from '../host/repository.ts'
import { supervisorOf } from '../host/supervise.ts'
import type { PortForward } from '../qemu/command.ts'
import { checkEnvironment } from '../qemu/options.ts'
import type { Report } from '../target.ts'

const homeOption = { home: { type: 'string' } } as const
const homeHelp = { home: 'folder of all appliances; default: NODEOS_HOST, else ~/nodeos' }
const yesOption = { yes: { type: 'boolean' } } as const
const yesHelp = { yes: 'do not ask for confirmation' }

interface SettingFlags {
  publish?: string[] | undefined
  bind?: string | undefined
  memory?: string | undefined
  cpus?: string | undefined
  cgroup?: string | undefined
  keep?: string | undefined
  env?: string | undefined
}

/** The verbs of `npm run host`: the host and its appliances. */
export const hostVerbs: Record<string, Verb> = {
  add: verb({
    usage: 'npm run host -- add',
    summary: 'Sets up the host and an appliance, or changes its settings. This is the default verb.',
    words: ['[name]'],
    options: {
      publish: { type: 'string', multiple: true },
      bind: { type: 'string' },
      memory: { type: 'string' },
      cpus: { type: 'string' },
      cgroup: { type: 'string' },
      keep: { type: 'string' },
      env: { type: 'string' },
      trust: { type: 'string', multiple: true },
      ...homeOption,
    },
    help: {
      publish: 'publish a port of the machine, HOST:GUEST, with /udp for UDP',
      bind: 'address on which published ports listen; default 0.0.0.0',
      memory: 'largest machine.memory that a release may request, in MiB',
      cpus: 'largest machine.cpus that a release may request',
      cgroup: 'folder of a cgroup v2 that limits its machines, on hosts without systemd',
      keep: 'how many releases are kept for a rollback; default 5',
      env: 'file of KEY=value lines, such as secrets, that its machines get as environment variables',
      trust: 'file of an SSH public key that may sign releases',
      ...homeHelp,
    },
    example: 'npm run host -- add shop --publish 443:8443 --trust laptop.pub',
    async run(values, [given]) {
      const home = new Home(values.home)
      const name = checkName(given ?? (await loadConfig()).hostname)
      // Everything is checked before anything is created.
      const settings = await readSettings(values)
      const keys = await Promise.all((values.trust ?? []).map(readKey))
      await setUpRepository(home, name)
      await home.saveSettings(name, { ...(await home.settings(name)), ...settings })
      for (const key of keys) await trust(home, name, key)
      const service = await supervisorOf(home).start()
      await warnOfMinisign(home, name)
      const trusted = await signers(home, name)
      const repository = home.repository(name)
      const remote = `${userInfo().username}@${hostname()}:${repository}`
      const ready =
        trusted.length === 0
          ? `but no key is trusted yet, so every release is rejected: npm run host -- trust ${name} KEY.pub`
          : `signed by one of: ${trusted.map((signer) => signer.name).join(', ')}`
      return {
        text: [
          `${name} is ready for releases ${ready}`,
          `  service  ${service}`,
          `  remote   ${remote}`,
          '',
          'Add this to config/system.json of the appliance:',
          `  "deploy": { "target": "git", "options": { "remote": "${remote}" } }`,
        ].join('\n'),
        data: { name, home: home.path, repository, remote, signers: trusted },
      }
    },
  }),

  trust: verb({
    usage: 'npm run host -- trust',
    summary: 'Trusts a public key to sign releases of an appliance.',
    words: ['name', 'key.pub'],
    options: homeOption,
    help: homeHelp,
    example: 'npm run host -- trust shop laptop.pub',
    async run(values, [name = '', key = '']) {
      const home = new Home(values.home)
      const signer = await trust(home, await existing(home, name), await readKey(key))
      return { text: `${signer.name} may sign releases of ${name}`, data: { ...signer } }
    },
  }),

  distrust: verb({
    usage: 'npm run host -- distrust',
    summary: 'Stops trusting a key, or all keys of that name. The running release is not affected.',
    words: ['name', 'key'],
    options: homeOption,
    help: homeHelp,
    example: 'npm run host -- distrust shop laptop',
    async run(values, [name = '', key = '']) {
      const home = new Home(values.home)
      const text = existsSync(key) ? await readFile(key, 'utf8') : key
      const removed = await distrust(home, await existing(home, name), text.trim())
      const others = (await signers(home, name)).filter((each) => each.name === removed[0]?.name).length
      const lines = removed.map((each) => `${each.name} may no longer sign releases of ${name}: ${each.key}`)
      if (others > 0) lines.push(`other keys of that name are still trusted: ${others}`)
      return { text: lines.join('\n'), data: { signers: removed } }
    },
  }),

  status: verb({
    usage: 'npm run host -- status',
    summary: 'Shows every appliance of the host.',
    options: homeOption,
    help: homeHelp,
    example: 'npm run host -- status --json',
    async run(values) {
      const home = new Home(values.home)
      const names = await home.appliances()
      const reports = await Promise.all(names.map((name) => applianceStatus(home, name)))
      for (const name of names) await warnOfMinisign(home, name)
      return {
        text:
          reports.map(({ text }) => text).join('\n') || 'no appliance is set up: npm run host -- add NAME',
        data: { appliances: reports.map(({ data }) => data) },
        ...(reports.some(({ status }) => status === 1) ? { status: 1 } : {}),
      }
    },
  }),

  restart: verb({
    usage: 'npm run host -- restart',
    summary:
      'Restarts the service, after an update of this clone or a change of --bind. Machines keep running.',
    options: homeOption,
    help: homeHelp,
    example: 'git pull && npm install && npm run host -- restart',
    async run(values) {
      const home = new Home(values.home)
      const supervisor = supervisorOf(home)
      await supervisor.stop()
      return { text: `the service is running: ${await supervisor.start()}`, data: { home: home.path } }
    },
  }),

  remove: verb({
    usage: 'npm run host -- remove',
    summary: 'Removes an appliance, its releases and its repository.',
    words: ['name'],
    options: { purge: { type: 'boolean' }, ...yesOption, ...homeOption },
    help: { purge: 'remove its data, too', ...yesHelp, ...homeHelp },
    example: 'npm run host -- remove shop --purge',
    async run(values, [name = '']) {
      const home = new Home(values.home)
      await existing(home, name)
      if (values.yes !== true) await confirm(`Remove ${name}, its releases and its repository`, name)
      await call(home.socket, { verb: 'stop', appliance: name }, () => undefined).report
      await removeRepository(home, name)
      await call(home.socket, { verb: 'load', appliance: '' }, () => undefined).report
      const disk = new DataDisk(home.dataFile(name))
      const keepsData = values.purge !== true && (await disk.exists())
      for (const file of await readdir(home.folder(name))) {
        const path = join(home.folder(name), file)
        if (!keepsData || path !== disk.file) await rm(path, { recursive: true, force: true })
      }
      if (!keepsData) await rm(home.folder(name), { recursive: true, force: true })
      const text = keepsData ? `removed ${name}; its data is kept in ${disk.file}` : `removed ${name}`
      return { text, data: { removed: name } }
    },
  }),

  uninstall: verb({
    usage: 'npm run host -- uninstall',
    summary: 'Stops every machine and removes the service.',
    options: { purge: { type: 'boolean' }, ...yesOption, ...homeOption },
    help: { purge: 'remove repositories, releases and data, too', ...yesHelp, ...homeHelp },
    example: 'npm run host -- uninstall --yes',
    async run(values) {
      const home = new Home(values.home)
      if (values.yes !== true)
        await confirm(`Stop every machine of ${home.path} and remove the service`, hostname())
      for (const name of await home.appliances()) {
        log.step(`Stopping ${name}`)
        const stop = call(home.socket, { verb: 'stop', appliance: name }, () => undefined)
        await stop.report.catch((error: unknown) => {
          if (!(error instanceof UserError)) throw error
          log.warn(error.message)
        })
      }
      const remaining = await supervisorOf(home).uninstall()
      if (values.purge === true) await rm(home.path, { recursive: true, force: true })
      const rest =
        values.purge === true
          ? ', all repositories and releases'
          : `; repositories and releases are kept in ${home.path}`
      const text = [`removed the service${rest}`, remaining ?? []].flat().join('\n')
      return { text, data: { home: home.path } }
    },
  }),
}

async function readSettings(flags: SettingFlags): Promise<Partial<Settings>> {
  const { publish, bind, memory, cpus, cgroup, keep, env } = flags
  return {
    ...(publish === undefined ? {} : { publish: publish.map(parsePort) }),
    ...(bind === undefined ? {} : { bind }),
    ...(memory === undefined ? {} : { memory: positiveNumber('--memory', memory) }),
    ...(cpus === undefined ? {} : { cpus: positiveNumber('--cpus', cpus) }),
    ...(cgroup === undefined ? {} : { cgroup: await checkCgroup(resolve(cgroup)) }),
    ...(keep === undefined ? {} : { keep: positiveNumber('--keep', keep) }),
    ...(env === undefined ? {} : { env: await checkEnvironment('--env', resolve(env)) }),
  }
}

function parsePort(text: string): PortForward {
  const [, host, guest, protocol = 'tcp'] = /^(\d+):(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? []
  if (host === undefined || guest === undefined) {
    throw new UsageError(`--publish: must be HOST:GUEST, got '${text}'`, {
      hint: 'for example 80:8080, or 53:5353/udp',
    })
  }
  return { host: Number(host), guest: Number(guest), protocol: protocol === 'udp' ? 'udp' : 'tcp' }
}

/** Reports an appliance, or why the service could not load it. @throws {ServiceAbsent} when the service does not run */
async function applianceStatus(home: Home, name: string): Promise<Report> {
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

async function readKey(file: string): Promise<string> {
  if (/^(ssh|ecdsa|sk)-/.test(file)) return file
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot read the public key ${file}`, { cause: error })
  })
}

async function existing(home: Home, name: string): Promise<string> {
  const names = await home.appliances()
  if (names.includes(name)) return name
  throw new UserError(`this host has no appliance '${name}'`, {
    hint: `appliances of this host: ${names.join(', ') || 'none'}`,
  })
}
