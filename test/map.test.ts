import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { root } from '../config/lib/paths.ts'
import { importsOf, sourceFiles } from './lib/imports.ts'

/** A line of the map in CONTRIBUTING.md. `deploy/targets/*` stands for each file and folder of `deploy/targets`. */
interface Room {
  folder: string
  /** Folders whose files it may import; all rooms below it in the map, without a list. */
  only: string[] | undefined
}

const [, block = ''] =
  /^## Map\n[^]*?^```text\n([^]*?)^```$/m.exec(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')) ?? []
const rooms = block
  .split('\n')
  .filter((line) => line !== '')
  .map((line): Room => {
    const [folder = '', , only] = line.split(/ {2,}/)
    return { folder, only: only?.replace(/^→ /, '').split(', ') }
  })

/** Finds the line of the map for a file: the longest that names a folder above it. */
function roomOf(file: string): number {
  const folder = dirname(file)
  const fits = (room: string): boolean => `${folder}/`.startsWith(`${room.replace('/*', '')}/`)
  const [best] = rooms
    .map((room, index) => ({ ...room, index }))
    .filter((room) => fits(room.folder))
    .toSorted((one, other) => other.folder.length - one.folder.length)
  return best?.index ?? -1
}

const files = sourceFiles()
const imports = importsOf(files)

await t.test('every folder of the map exists', async (t) => {
  t.ok(rooms.length > 20)
  t.same(
    rooms.filter(({ folder }) => !existsSync(join(root, folder.replace('/*', '')))),
    [],
  )
})

await t.test('the map names every folder', async (t) => {
  const named = new Set(rooms.map(({ folder }) => folder))
  const folders = files.map((file) => dirname(file).split('/').slice(0, 2).join('/'))
  const product = new Set(
    folders.filter((folder) => !folder.startsWith('test/') && !folder.startsWith('app/')),
  )
  t.same(
    [...product].filter((folder) => !named.has(folder) && !named.has(`${folder}/*`)),
    [],
  )
})

await t.test('imports go down the map', async (t) => {
  const wrong = imports.filter(({ from, to }) => {
    const [at, target] = [roomOf(from), roomOf(to)]
    const only = rooms[at]?.only
    if (at === target) return false
    return (
      target < at || (only !== undefined && !only.some((each) => to === each || to.startsWith(`${each}/`)))
    )
  })
  t.same(
    wrong.map(({ from, to }) => `${from} imports ${to}`),
    [],
  )
})
