import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { hashText } from '../../../config/lib/hash.ts'
import { fetchSource, findSource, knownSource, type Pin, type Source } from '../../../build/kernel/source.ts'

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

/** Finds a source and downloads it. */
async function bring(setting: string, pin: Pin, folder: string): Promise<Source> {
  const source = await findSource(setting, pin, folder)
  await fetchSource(source)
  return source
}

const dead = (pin: Pin): Pin => ({ ...pin, tarball: { ...pin.tarball, url: 'http://127.0.0.1:1/' } })

await t.test('a tarball with the pinned hash is cached', async (t) => {
  const folder = t.testdir({})
  const pin = await serve(t, hashText(content))
  const source = await bring('tarball', pin, folder)
  t.match(source, { kind: 'tarball', path: join(folder, 'linux-6.12.99.tar.xz') })
  t.equal(source.identity, `linux-6.12.99 sha256:${hashText(content)}`)
  t.same((await bring('tarball', dead(pin), folder)).path, source.path, 'without the network')
  await writeFile(source.path, 'damaged')
  await t.rejects(bring('tarball', dead(pin), folder), /could not download/, 'a damaged one is not used')
  await writeFile(source.path, 'damaged')
  await bring('tarball', pin, folder)
  t.equal(await readFile(source.path, 'utf8'), content, 'but downloaded again')
})

await t.test('a tarball with another hash is rejected and removed', async (t) => {
  const folder = t.testdir({})
  const pin = await serve(t, hashText('what was pinned'))
  await t.rejects(bring('tarball', pin, folder), {
    message: /is not the pinned kernel source/,
    hint: new RegExp(`${hashText(content)}[^]*${hashText('what was pinned')}`),
  })
  t.same(await readdir(folder), [])
})

await t.test('a path is taken as it is, or refused when nothing is there', async (t) => {
  const folder = t.testdir({})
  const pin = await serve(t, '')
  await mkdir(join(folder, 'tree'))
  t.match(await bring(join(folder, 'tree'), pin, folder), { kind: 'tree' })
  await t.rejects(findSource(join(folder, 'nothing'), pin, folder), /kernel\.source: .* does not exist/)
})

await t.test('a tree that was edited is another source, a copy and its git history are not', async (t) => {
  const folder = t.testdir({ tree: { Makefile: 'VERSION = 6\n', init: { 'main.c': 'int a;\n' } } })
  const [tree, copy] = [join(folder, 'tree'), join(folder, 'copy')]
  const pin = await serve(t, '')
  const identity = async (path: string): Promise<string> => (await findSource(path, pin, folder)).identity
  const before = await identity(tree)
  t.equal(await identity(tree), before)
  execFileSync('cp', ['-a', tree, copy])
  await mkdir(join(copy, '.git'))
  await writeFile(join(copy, '.git/index'), 'x')
  t.equal(await identity(copy), before)
  await writeFile(join(tree, 'init/main.c'), 'int b;\n')
  t.not(await identity(tree), before)
  await writeFile(join(copy, 'init/new.c'), '')
  t.not(await identity(copy), before)
})

await t.test('a tarball at a path is what its bytes are', async (t) => {
  const folder = t.testdir({ 'a.tar.xz': 'one', 'b.tar.xz': 'one', 'c.tar.xz': 'two' })
  const pin = await serve(t, '')
  const identity = async (name: string): Promise<string> =>
    (await findSource(join(folder, name), pin, folder)).identity
  t.equal(await identity('a.tar.xz'), await identity('b.tar.xz'))
  t.not(await identity('a.tar.xz'), await identity('c.tar.xz'))
})

const kept = 'linux-source-0.0-0.0.tar.xz'

await t.test(
  'the package of the distribution is what was downloaded, and is checked before it is used',
  async (t) => {
    const folder = t.testdir({ [kept]: 'the package' })
    const pin = await serve(t, hashText(content))
    const source = await bring('distribution', pin, folder)
    t.equal(source.identity, `linux-source-0.0 sha256:${hashText('the package')}`)
    t.equal(await readFile(`${source.path}.sha256`, 'utf8'), `${hashText('the package')}  ${kept}\n`)
    await writeFile(source.path, 'the peckage')
    t.equal((await findSource('distribution', pin, folder)).identity, source.identity)
    await t.rejects(fetchSource(source), {
      message: `${source.path} was corrupt and has been removed`,
      hint: /npm run build/,
    })
    t.same(await readdir(folder), [])
  },
)

await t.test(
  'auto takes what is kept, the package before the tarball, and knows it without a network',
  async (t) => {
    const folder = t.testdir({})
    const pin = dead(await serve(t, hashText(content)))
    t.equal(await knownSource('auto', pin, folder), undefined)
    t.equal(await knownSource('distribution', pin, folder), undefined)
    t.match(await knownSource('tarball', pin, folder), { identity: /^linux-6\.12\.99 / }, 'it is pinned')
    await writeFile(join(folder, 'linux-6.12.99.tar.xz'), content)
    t.match(await bring('auto', pin, folder), { identity: /^linux-6\.12\.99 / })
    await writeFile(join(folder, kept), 'the package')
    t.match(await bring('auto', pin, folder), { identity: /^linux-source-0\.0 / })
  },
)

await t.test(
  'two tarballs are kept, those that were used last, and nothing that was left unfinished',
  async (t) => {
    const folder = t.testdir({
      'linux-6.12.97.tar.xz': '',
      'linux-6.12.98.tar.xz': '',
      '.apt-killed': { 'a.deb': '' },
      [kept]: 'the package',
      [`${kept}.sha256`]: hashText('the package'),
    })
    const used = [kept, 'linux-6.12.97.tar.xz', 'linux-6.12.98.tar.xz', '.apt-killed']
    for (const [time, name] of used.entries()) await utimes(join(folder, name), 1000 + time, 1000 + time)
    await bring('tarball', await serve(t, hashText(content)), folder)
    t.same((await readdir(folder)).sort(), ['linux-6.12.98.tar.xz', 'linux-6.12.99.tar.xz'])
  },
)
