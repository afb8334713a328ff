import { readdir, readFile, rm } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { UserError } from '../build/lib/errors.ts'
import { log } from '../build/lib/log.ts'
import { main } from '../build/lib/main.ts'
import { loadConfig } from '../config/load.ts'
import { DataDisk } from './data/disk.ts'
import { publicKey } from './git/minisign.ts'
import { checkEnvironment } from './environment.ts'
import { call, ServiceAbsent } from './host/channel.ts'
import { checkCgroup } from './host/hold.ts'
import { checkName, Home, type Settings } from './host/layout.ts'
import { removeRepository, setUpRepository } from './host/repository.ts'
import { distrust, signers, trust } from './host/signers.ts'
import { supervisorOf } from './host/supervise.ts'
import { positiveNumber, printReport } from './command.ts'
import type { Report } from './target.ts'
import type { PortForward } from './targets/local/qemu.ts'

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
  const repository = home.repository(name)
  const remote = `${userInfo().username}@${hostname()}:${repository}`
  const said =
    trusted.length === 0
      ? `no key is trusted yet, and nothing is taken: npm run host -- trust ${name} KEY.pub`
      : `signed by ${trusted.map((signer) => signer.name).join(', ')}`
  return {
    text: [
      `${name} is ready for releases, ${said}`,
      `  service  ${service}`,
      `  remote   ${remote}`,
      '',
      'In config/system.json of the appliance:',
      `  "deploy": { "target": "git", "options": { "remote": "${remote}" } }`,
    ].join('\n'),
    data: { name, home: home.path, repository, remote, signers: trusted },
  }
}

const verbs: Record<string, { words: string; summary: string; run: Verb }> = {
  add: {
    words: '[name]',
    summary: 'set up the host and an appliance, or change its settings (the default)',
    run: add,
  },
  trust: {
    words: 'name key.pub',
    summary: 'let a key sign releases of an appliance',
    async run(home, [name = '', key], _flags) {
      if (key === undefined) throw new UserError('which key?', { hint: 'npm run host -- trust NAME KEY.pub' })
      const signer = await trust(home, await known(home, name), await keyText(key))
      return { text: `${signer.name} may sign releases of ${name}`, data: { ...signer } }
    },
  },
  distrust: {
    words: 'name key',
    summary: 'take that back, of a key or of all keys of that name; what serves goes on',
    async run(home, [name = '', key = ''], _flags) {
      const text = existsSync(key) ? await readFile(key, 'utf8') : key
      const gone = await distrust(home, await known(home, name), text.trim())
      const others = (await signers(home, name)).filter((each) => each.name === gone[0]?.name).length
      const lines = gone.map((each) => `${each.name} may not sign releases of ${name} any more: ${each.key}`)
      if (others > 0) lines.push(`another key of that name still may (${others})`)
      return { text: lines.join('\n'), data: { signers: gone } }
    },
  },
  status: {
    words: '',
    summary: 'show every appliance of the host',
    async run(home) {
      const names = await home.appliances()
      const reports = await Promise.all(names.map((name) => statusOf(home, name)))
      return {
        text:
          reports.map(({ text }) => text).join('\n') || 'there is no appliance yet: npm run host -- add NAME',
        data: { appliances: reports.map(({ data }) => data) },
        ...(reports.some(({ status }) => status === 1) ? { status: 1 } : {}),
      }
    },
  },
  restart: {
    words: '',
    summary: 'run the service anew, after an update of this clone or of --bind; machines go on',
    async run(home) {
      const supervisor = supervisorOf(home)
      await supervisor.stop()
      return { text: `the service runs: ${await supervisor.start()}`, data: { home: home.path } }
    },
  },
  remove: {
    words: 'name',
    summary: 'remove an appliance, its releases and its repository; its data stays unless --purge',
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
      const text = stays ? `${name} is gone; its data stays: ${disk.file}` : `${name} is gone`
      return { text, data: { removed: name } }
    },
  },
  uninstall: {
    words: '',
    summary: 'stop every machine and remove the service; repositories stay unless --purge',
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
        flags.purge === true ? 'and all releases with it' : `; repositories and releases are in ${home.path}`
      const text = [`the service is gone ${rest}`.replace(' ;', ';'), stays ?? []].flat().join('\n')
      return { text, data: { home: home.path } }
    },
  },
}

await main(
  import.meta,
  {
    usage: 'npm run host -- [verb]',
    summary: [
      'Makes this host take releases: a repository for each appliance, and a service that boots, checks and swaps them.',
      '',
      ...Object.entries(verbs).map(
        ([name, { words, summary }]) => `  ${`${name} ${words}`.padEnd(22)} ${summary}`,
      ),
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
      home: 'folder of all appliances; ~/nodeos, or NODEOS_HOST',
      publish: 'add: HOST:GUEST, the port of the host that leads to one of the machine; /udp for UDP',
      bind: 'add: address on which ports listen; 0.0.0.0',
      memory: 'add: most MiB that a release may ask for',
      cpus: 'add: most CPUs that a release may ask for',
      cgroup: 'add: folder of a cgroup v2 that holds its machines, where no systemd does',
      keep: 'add: how many releases stay ready to run; 5',
      env: 'add: file of KEY=value lines that its machines are given, secrets included',
      trust: 'add: file of a public key of SSH or minisign that may sign',
      yes: 'do not ask',
      purge: 'remove: its data, too; uninstall: repositories, releases and data, too',
      json: 'print JSON',
    },
  },
  async ({ values, positionals: [name = 'add', ...words] }) => {
    const verb = verbs[name]
    if (verb === undefined) {
      throw new UserError(`a host cannot ${name}`, { hint: `it can: ${Object.keys(verbs).join(', ')}` })
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
    throw new UserError(`--publish is '${text}'`, { hint: 'HOST:GUEST, as 80:8080, or 53:5353/udp' })
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

async function keyText(file: string): Promise<string> {
  if (/^(ssh|ecdsa|sk)-/.test(file) || publicKey(file) === file) return file
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`the key ${file} cannot be read`, { cause: error })
  })
}

async function known(home: Home, name: string): Promise<string> {
  const names = await home.appliances()
  if (names.includes(name)) return name
  throw new UserError(`this host has no appliance '${name}'`, {
    hint: `there is: ${names.join(', ') || 'none'}`,
  })
}

async function confirm(what: string, name: string, { yes }: Flags): Promise<void> {
  if (yes === true) return
  if (!process.stdin.isTTY)
    throw new UserError('nobody can be asked', { hint: '--yes   does it without asking' })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${what}? Type ${name}: `)
  terminal.close()
  if (answer !== name) throw new UserError('nothing was done')
}
