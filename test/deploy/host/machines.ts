import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { loadConfig } from '../../../config/load.ts'
import { discard, machinesIn } from '../../../deploy/host/machine.ts'
import { Home } from '../../../deploy/host/home.ts'
import { setUpRepository } from '../../../deploy/host/repository.ts'
import { Serving } from '../../../deploy/host/serving.ts'
import { bootable, type Kept } from '../../../deploy/release/store.ts'
import { freePort } from '../../lib/ports.ts'
import { folderOf } from '../../lib/release.ts'

/** The app layer of a release: a machine that is `ill` writes, and ends. */
interface Behaviour {
  number: number
  ill?: boolean
}

/** A host whose QEMU boots nothing: its machines write to the data disk and answer, in a second. */
export interface Machines {
  folder: string
  name: string
  home: Home
  /** What the services of this host have said. */
  said: string[]
  /** The service, as it starts: with what was written down, and nothing else. */
  open(): Promise<Serving>
  /** Keeps a release, ready to run. */
  add(release: Behaviour & { restore?: number; data?: boolean }): Promise<Kept>
  /** The releases that have booted with the disk as it is, in their order. */
  onDisk(): number[]
  /** All that have booted, whatever became of what they wrote. */
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
const { number, ill } = JSON.parse(readFileSync(disk('disk1'), 'utf8'))
appendFileSync(log, String.fromCharCode(number))
const at = ${first} + ${sector} * (readFileSync(log).length - 1)
const data = disk('data')
if (data) execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P ' + number + ' ' + at + ' ${sector}', data])
if (ill) process.exit(1)
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
  const said: string[] = []
  const opened: Serving[] = []
  const open = async (): Promise<Serving> => {
    // Machines go on, ports do not.
    for (const before of opened) before.front.close()
    opened.push(await Serving.open(home, name, (text) => said.push(text)))
    return opened.at(-1) as Serving
  }
  t.teardown(async () => {
    for (const each of opened) each.front.close()
    await Promise.all((await machinesIn(join(home.folder(name), 'machines'))).map(discard))
    process.env['PATH'] = PATH
    if (NODEOS_ACCEL === undefined) delete process.env['NODEOS_ACCEL']
    else process.env['NODEOS_ACCEL'] = NODEOS_ACCEL
  })
  return {
    folder,
    name,
    home,
    said,
    open,
    async add({ number, ill = false, restore, data = true }) {
      const layers = bootable.map((layer) => {
        const text = layer === 'app' ? JSON.stringify({ number, ill }) : layer
        const sha256 = createHash('sha256').update(text).digest('hex')
        return { name: layer, path: layer, bytes: text.length, sha256, inputs: {}, text }
      })
      const { store } = opened.at(-1) as Serving
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
