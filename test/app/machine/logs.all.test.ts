import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { backend, oneRoute, until } from '../../lib/balancer.ts'
import { boot } from '../../lib/machine.ts'
import { freePort } from '../../lib/ports.ts'

/** How a machine reaches this host. */
const hostAddress = '10.0.2.2'

interface Record {
  host: string
  app: string
  severity: string
  event: string
  message: string
}

/** A real rsyslogd that can go and come back; the messages that it has taken apart. */
async function rsyslog(t: Test): Promise<{
  port: number
  records: () => Record[]
  start: () => Promise<void>
  stop: () => Promise<void>
}> {
  const folder = t.testdir({})
  const [configuration, file] = [join(folder, 'rsyslog.conf'), join(folder, 'received')]
  const port = await freePort()
  const fields = {
    host: 'hostname',
    app: 'app-name',
    severity: 'syslogseverity-text',
    event: 'msgid',
    message: 'msg',
  }
  const properties = Object.entries(fields).map(
    ([outname, name]) => `property(outname="${outname}" name="${name}" format="jsonf")`,
  )
  writeFileSync(
    configuration,
    `global(workDirectory="${folder}")
module(load="imtcp")
input(type="imtcp" port="${port}" address="127.0.0.1")
template(name="fields" type="list" option.jsonf="on") { ${properties.join(' ')} }
action(type="omfile" file="${file}" template="fields")
`,
  )
  let child: ChildProcess | undefined
  t.teardown(() => child?.kill('SIGKILL'))
  return {
    port,
    records() {
      if (!existsSync(file)) return []
      const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
      return lines.map((line) => JSON.parse(line) as Record)
    },
    async start() {
      child = spawn('rsyslogd', ['-n', '-f', configuration, '-i', join(folder, 'pid')], {
        env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      await until('rsyslogd listens', () => isOpen(port))
    },
    async stop() {
      child?.kill('SIGTERM')
      if (child?.exitCode === null) await once(child, 'exit')
    },
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

await t.test(
  'rsyslogd receives every request, what was buffered while it was down, and a crash',
  async (t) => {
    const collector = await rsyslog(t)
    await collector.start()
    const a = await backend(t)
    const balance = { ...oneRoute([a]), log: { requests: 'all' } }
    const env = {
      LB_CONFIG: JSON.stringify(balance).replaceAll('127.0.0.1', hostAddress),
      COLLECTOR: `syslog+tcp://${hostAddress}:${collector.port}`,
    }
    const machine = await boot(
      t,
      'logs',
      { logs: { forward: 'env:COLLECTOR' } },
      {
        shipped: true,
        instance: {
          env: Object.entries(env)
            .map(([name, value]) => `${name}='${value}'\n`)
            .join(''),
          repl: true,
        },
      },
    )
    const ask = async (path: string): Promise<void> => {
      const response = await fetch(`http://127.0.0.1:${machine.hostPort(8080)}${path}`)
      t.equal(response.status, 200)
      await response.text()
    }
    const urls = (): unknown[] =>
      collector
        .records()
        .filter(({ message }) => message.includes('"event":"request"'))
        .map(({ message }) => (JSON.parse(message) as { url: string }).url)
    await ask('/first')
    await until('it was forwarded', () => urls().includes('/first'))
    const said = (name: string): boolean => collector.records().some(({ event }) => event === name)
    t.ok(said('node.started') && said('health.ok'), 'and what came before it')
    t.match(
      collector.records().find(({ event }) => event === 'health.ok'),
      { host: 'logs', app: 'nodeos', severity: 'info' },
    )

    await collector.stop()
    for (let i = 0; i < 20; i++) await ask(`/missed/${i}`)
    await machine.waitFor('logs.failing')
    await collector.start()
    await until('what it missed comes', () => urls().includes('/missed/19'))
    await machine.waitFor('logs.forwarding')

    const control = await machine.control()
    control.call('repl', { source: 'process.abort()' }).catch(() => undefined)
    await machine.waitFor('health.ok', 2)
    await until('the crash is logged', () => said('node.exited') && said('node.restarting'))
  },
)
