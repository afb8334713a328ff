import { join } from 'node:path'
import type { Test } from 'tap'
import { loadTarget, verb } from '../../deploy/target.ts'
import { fullRelease } from '../lib/full.ts'
import type { MakeWorld } from '../lib/world.ts'

/** Notes its name on the disk each time it starts; answers with all names, and the MiB of the disk. */
export const noting = (name: string, then = ''): string =>
  `import { appendFileSync, readFileSync, statfsSync } from 'node:fs'
   import { createServer } from 'node:http'
   appendFileSync('/data/names', '${name} ', { flush: true })
   console.log('noted ${name}')
   ${then}
   createServer((_request, response) => {
     const { blocks, bsize } = statfsSync('/data')
     response.end(readFileSync('/data/names', 'utf8') + Math.round(blocks * bsize / 2 ** 20))
   }).listen(Number(process.env['PORT']))`

/** What every target promises that gives a machine a data disk. */
export async function keepsData(t: Test, name: string): Promise<void> {
  t.setTimeout(20 * 60_000)
  const on = await fullRelease()
  const { default: make } = (await import(join(import.meta.dirname, '../lib/worlds', `${name}.ts`))) as {
    default: MakeWorld
  }
  const world = await make(t)
  const target = await loadTarget(name)
  const release = (app: string, size = 64) => world.release(app, { data: { size } }, on)
  const names = async (): Promise<string> => (await world.answer()).replace(/ \d+$/, '')
  const mebibytes = async (): Promise<number> => Number(/\d+$/.exec(await world.answer())?.[0])
  const one = await release(noting('one'))
  const two = await release(noting('two'))
  const { context } = one

  await t.test('the first deploy makes the disk', async (t) => {
    await target.deploy(one.release, context)
    t.equal(await names(), 'one')
    t.ok((await mebibytes()) > 40 && (await mebibytes()) <= 64, `${await mebibytes()} MiB`)
  })

  await t.test('a deploy keeps what is on it', async (t) => {
    await target.deploy(two.release, context)
    t.equal(await names(), 'one two')
  })

  await t.test('a release that does not become healthy has written nothing', async (t) => {
    const broken = await release(noting('broken', 'process.exit(1)'))
    await t.rejects(target.deploy(broken.release, context), {
      message: /previous release keeps running|runs again/,
    })
    t.equal(await names(), 'one two two')
  })

  await t.test('a rollback keeps the data, and brings them back when it is asked to', async (t) => {
    await verb(target, 'rollback')(context)
    t.equal(await names(), 'one two two one')
    await t.rejects(verb(target, 'rollback')(context, 99, { data: true }), {
      message: /release 99/,
    })
    await verb(target, 'rollback')(context, 2, { data: true })
    t.equal(await names(), 'one two two two', 'as release 2 left them, and its name once more')
  })

  await t.test('destroy leaves the disk, a larger one is filled, and --data removes it', async (t) => {
    t.match((await verb(target, 'destroy')(context)).text, /its data is kept in .+--data/)
    const larger = await release(noting('large'), 256)
    await target.deploy(larger.release, context)
    t.equal(await names(), 'one two two two large')
    t.ok((await mebibytes()) > 200, `${await mebibytes()} MiB`)
    t.notMatch((await verb(target, 'destroy')(context, { data: true })).text, /data is kept/)
    t.match((await verb(target, 'destroy')(context)).data, { destroyed: false })
  })
}
