import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  type Boot,
  diskBoots,
  formatFragments,
  formatNames,
  imageCommandLine,
  loadFormat,
  looped,
} from '../../build/image/format.ts'
import type { Artefact } from '../../build/pipeline/record.ts'
import { dist, root } from '../../config/lib/paths.ts'
import { healthPort } from '../../kernel/contract/guest-config.ts'
import { artefactPath, loadRelease } from '../../deploy/release/dist.ts'
import { buildFull } from '../lib/full.ts'
import { folderOf } from '../lib/release.ts'
import { holdPorts } from '../lib/ports.ts'
import { bootImage, runImage } from '../lib/image-machine.ts'

// Its kernel may have to be compiled first.
t.setTimeout(45 * 60_000)

const release = await loadRelease(dist)
const system = release.manifest.system
const names = await formatNames()
const config = { ...system, image: { ...system.image, formats: names } }
const { kernel, config: full } = await buildFull()
const fragments = await formatFragments(full)
const layers = release.manifest.artefacts
  .filter(({ name }) => name === 'runtime' || name === 'app')
  .map((layer) => ({ ...layer, path: artefactPath(release, layer.name) }))
const artefacts = new Map([...kernel, ...layers].map((part) => [part.name, part]))
const sum = (parts: Artefact[]): number => parts.reduce((total, { bytes }) => total + bytes, 0)
const contentBytes = sum(
  [...artefacts.values()].filter(({ name }) => /^(kernel\/vmlinuz|runtime|app)$/.test(name)),
)

const readme = await readFile(join(root, 'build/README.md'), 'utf8')
const readmePort = 8080

await t.test('build/README.md has a command for each disk that QEMU boots directly', (t) => {
  t.strictSame(
    names.filter((name) => readmeCommand(name) !== undefined),
    ['iso', 'qcow2', 'raw'],
  )
  t.end()
})

const drivers: Record<string, string> = { vhd: 'vpc', iso: 'raw', initrd: 'raw', efi: 'raw' }

const controllers = [...new Set(diskBoots.map(({ as }) => as))]

for (const [index, name] of names.entries()) {
  const format = await loadFormat(name)
  if (format.boots.length === 0) continue
  await t.test(`${name}: ${format.summary}`, async (t) => {
    const out = await mkdtemp(join(dist, '.test-format-'))
    t.teardown(async () => rm(out, { recursive: true, force: true }))
    const [first] = await format.assemble({ config, artefacts, out })
    if (first === undefined) throw new Error(`${name} assembled nothing`)
    await t.test('the same layers give the same bytes', async (t) => {
      const again = await mkdtemp(join(dist, '.test-format-'))
      t.teardown(async () => rm(again, { recursive: true, force: true }))
      const [second] = await format.assemble({ config, artefacts, out: again })
      t.equal(second?.sha256, first.sha256)
    })
    if (name === 'raw') {
      t.ok(first.bytes <= contentBytes + 2_000_000, `${first.bytes} bytes for ${contentBytes} of layers`)
    }
    for (const boot of name === 'raw' ? format.boots : format.boots.filter((boot) => isTried(boot, index))) {
      await t.test(`boots by ${boot.firmware} as ${boot.as}`, { skip: lacks(boot) }, async (t) => {
        const status = await bootImage(boot, {
          image: await attachable(boot, first.path, out),
          driver: drivers[name] ?? name,
          kernel: part('kernel/vmlinuz'),
          append: imageCommandLine(config, looped),
          port: healthPort(system) ?? 0,
          path: system.health.path,
        })
        t.equal(status, 200)
      })
    }
    const command = readmeCommand(name)
    if (command === undefined) return
    await t.test('boots with the command in build/README.md', async (t) => {
      await holdPorts(t, [readmePort])
      const folder = folderOf(t)
      await symlink(out, join(folder, 'dist'))
      t.equal(await runImage(command, `http://127.0.0.1:${readmePort}${system.health.path}`, folder), 200)
    })
  })
}

/**
 * A raw disk boots in every way. The other formats hold the same disk: each boots once by each firmware, and each
 * from other controllers.
 */
function isTried(boot: Boot, index: number): boolean {
  if (!diskBoots.includes(boot)) return true
  const first = boot.firmware === 'bios' ? index : index + 1
  return controllers.indexOf(boot.as) === first % controllers.length
}

/** Returns why the kernel of the tests cannot boot this way, or false. */
function lacks({ as }: Boot): string | false {
  if (as !== 'pvscsi' || fragments.includes('platform-vmware')) return false
  return 'NODEOS_TEST_PLATFORMS=1 compiles a kernel with the drivers of VMware'
}

function part(name: string): string {
  return artefacts.get(name)?.path ?? ''
}

/** Returns the QEMU command that the table of formats shows, if there is one. */
function readmeCommand(name: string): string[] | undefined {
  const [, command] = new RegExp(`^\\| \`${name}\` .*\`(qemu-[^\`]*)\``, 'm').exec(readme) ?? []
  return command?.split(' ')
}

/** Returns what is attached to the machine: the image, or the folder of it for firmware and TFTP. */
async function attachable({ as }: Boot, file: string, folder: string): Promise<string> {
  if (as === 'efi-file') return asLoader(file, folder)
  if (as !== 'ipxe') return file
  await mkdir(join(folder, 'kernel'))
  await copyFile(part('kernel/vmlinuz'), join(folder, 'kernel/vmlinuz'))
  return folder
}

/** A folder in which firmware finds the file by itself. */
async function asLoader(file: string, folder: string): Promise<string> {
  const place = join(folder, 'esp/EFI/BOOT')
  await mkdir(place, { recursive: true })
  await copyFile(file, join(place, 'BOOTX64.EFI'))
  return join(folder, 'esp')
}
