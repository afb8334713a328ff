import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { loadConfig } from '../../../config/load.ts'
import { killBooted, machinesIn } from '../../../deploy/host/machine.ts'
import { Home } from '../../../deploy/host/home.ts'
import { setUpRepository } from '../../../deploy/host/repository.ts'
import { Appliance } from '../../../deploy/host/appliance.ts'
import { bootable, type Kept } from '../../../deploy/release/store.ts'
import { freePort } from '../../lib/ports.ts'
import { folderOf } from '../../lib/release.ts'

/** The app layer of a release: an unhealthy machine writes, and ends. */
interface Behaviour {
  number: number
  unhealthy?: boolean
}

/** A host with a stand-in for QEMU: its machines write to the data disk and respond within a second. */
export interface Machines {
  folder: string
  name: string
  home: Home
  /** The log of this host's services. */
  logged: string[]
  /** Opens the appliance as a service does that starts: with what the previous one recorded. */
  open(): Promise<Appliance>
  /** Stores a release. */
  add(release: Behaviour & { restore?: number; data?: boolean }): Promise<Kept>
  /** The releases whose writes are on the disk, in their order. */
  onDisk(): number[]
  /** All releases that booted, in their order. */
  booted(): number[]
}

const first = 2 ** 20
const sector = 512
const most = 100

const program = `
import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
const [log, ...words] = process.argv.slice(2)
const disk = (id) => words.find((word) => word.startsWith('if=none,id=' + id + ','))?.split('file=')[1]
const { number, unhealthy } = JSON.parse(readFileSync(disk('disk1'), 'utf8'))
appendFileSync(log, String.fromCharCode(number))
const at = ${first} + ${sector} * (readFileSync(log).length - 1)
const data = disk('data')
if (data) execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P ' + number + ' ' + at + ' ${sector}', data])
if (unhealthy) process.exit(1)
const [, port] = /hostfwd=tcp:127.0.0.1:(\\d+)-/.exec(words.join(' '))
createServer((_request, response) => response.end(String(number))).listen(Number(port), '127.0.0.1')
`

export async function machinesOn(t: Test): Promise<Machines> {
  const folder = folderOf(t, { 'qemu.mjs': program, 'bin/.keep': '' })
  const qemu = join(folder, 'bin/qemu-system-x86_64')
  const log = join(folder, 'booted')
  writeFileSync(qemu, `#!/bin/sh\nexec '${process.execPath}' '${folder}/qemu.mjs' '${log}' "$@"\n`)
  chmodSync(qemu, 0o755)
  const { PATH, NODEOS_ACCEL } = process.env
  Object.assign(process.env, { PATH: `${join(folder, 'bin')}:${PATH}`, NODEOS_ACCEL: 'tcg' })
  const home = new Home(join(folder, 'host'))
  const name = 'lb'
  await setUpRepository(home, name)
  await home.saveSettings(name, { ...(await home.settings(name)), bind: '127.0.0.1' })
  const root = folderOf(t, {
    'package.json': '{"type":"module"}',
    'app/index.ts': '',
    'config/system.json': JSON.stringify({
      hostname: name,
      ports: [{ guest: 8080, host: await freePort() }],
      health: { path: '/', timeout: 300 },
    }),
  })
  const system = await loadConfig({ root, env: {} })
  const logged: string[] = []
  const opened: Appliance[] = []
  const open = async (): Promise<Appliance> => {
    // Machines keep running, ports are closed.
    for (const before of opened) before.close()
    opened.push(await Appliance.open(home, name, (text) => logged.push(text)))
    return opened.at(-1) as Appliance
  }
  t.teardown(async () => {
    for (const each of opened) each.close()
    await Promise.all((await machinesIn(join(home.folder(name), 'machines'))).map(killBooted))
    process.env['PATH'] = PATH
    if (NODEOS_ACCEL === undefined) delete process.env['NODEOS_ACCEL']
    else process.env['NODEOS_ACCEL'] = NODEOS_ACCEL
  })
  return {
    folder,
    name,
    home,
    logged,
    open,
    async add({ number, unhealthy = false, restore, data = true }) {
      const layers = bootable.map((layer) => {
        const text = layer === 'app' ? JSON.stringify({ number, unhealthy }) : layer
        const sha256 = createHash('sha256').update(text).digest('hex')
        return { name: layer, path: layer, bytes: text.length, sha256, inputs: {}, text }
      })
      const { store } = (opened.at(-1) as Appliance).hypervisor
      return store.add(
        {
          number,
          commit: 'none',
          ...(restore === undefined ? {} : { restore }),
          manifest: {
            version: 1,
            app: '1.0.0',
            source: {},
            node: '',
            kernel: '',
            packages: {},
            system: data ? { ...system, data: { label: 'data', size: 16 } } : system,
            artefacts: layers,
          },
        },
        (layer, file) => writeFile(file, layers.find((each) => each.name === layer.name)?.text ?? ''),
      )
    },
    onDisk() {
      if (!existsSync(home.dataFile(name))) return []
      const raw = join(folder, 'raw')
      execFileSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', home.dataFile(name), raw])
      const bytes = readFileSync(raw)
      const marks = Array.from({ length: most }, (_, index) => bytes[first + index * sector] ?? 0)
      return marks.filter((mark) => mark !== 0)
    },
    booted: () => (existsSync(log) ? [...readFileSync(log)] : []),
  }
}
