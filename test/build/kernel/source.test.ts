import { createServer } from 'node:http'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { hashText } from '../../../build/lib/artefact.ts'
import { findSource, type Pin } from '../../../build/kernel/source.ts'

const content = 'pretend this is a kernel'

async function serve(t: { teardown(fn: () => void): unknown }, sha256: string): Promise<Pin> {
  const server = createServer((_request, response) => response.end(content))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/linux-6.12.99.tar.xz`
  return {
    series: '6.12',
    tarball: { version: '6.12.99', url, sha256 },
    distribution: { package: 'linux-source-0.0', atLeast: '0.0' },
  }
}

await t.test('a tarball with the pinned hash is kept and used again', async (t) => {
  const folder = t.testdir({})
  const pin = await serve(t, hashText(content))
  const source = await findSource('tarball', pin, folder)
  t.match(source, { kind: 'tarball', path: join(folder, 'linux-6.12.99.tar.xz') })
  const dead = { ...pin, tarball: { ...pin.tarball, url: 'http://127.0.0.1:1/' } }
  t.same((await findSource('tarball', dead, folder)).path, source.path, 'without the network')
  await writeFile(source.path, 'damaged')
  await t.rejects(findSource('tarball', dead, folder), /could not download/, 'a damaged one is not used')
})

await t.test('a tarball with another hash is refused, and nothing of it is kept', async (t) => {
  const folder = t.testdir({})
  const pin = await serve(t, hashText('what was pinned'))
  await t.rejects(findSource('tarball', pin, folder), {
    message: /is not the pinned kernel source/,
    hint: new RegExp(`${hashText(content)}[^]*${hashText('what was pinned')}`),
  })
  t.same(await readdir(folder), [])
})

await t.test('a path is taken as it is, or refused when nothing is there', async (t) => {
  const folder = t.testdir({})
  const pin = await serve(t, '')
  await mkdir(join(folder, 'tree'))
  t.match(await findSource(join(folder, 'tree'), pin, folder), { kind: 'tree' })
  await t.rejects(findSource(join(folder, 'nothing'), pin, folder), /kernel\.source: there is nothing at/)
})
