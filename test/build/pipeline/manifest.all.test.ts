import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../../../config/lib/paths.ts'
import type { Manifest } from '../../../build/pipeline/manifest.ts'
import { loadConfig } from '../../../config/load.ts'
import { checkout } from '../../lib/checkout.ts'

const json = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>

await t.test(
  'the manifest of a real build says what it was made from, and of each file what it is',
  async (t) => {
    const copy = checkout()
    t.teardown(() => copy.remove())
    const git = (...argv: string[]): string => {
      const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.org']
      return execFileSync('git', ['-C', copy.path, ...author, ...argv], { encoding: 'utf8' }).trim()
    }
    git('init', '--quiet')
    git('add', '--all')
    git('commit', '--quiet', '--message', 'all of it')
    const dist = join(copy.path, 'dist')
    const build = (script: string): Manifest => {
      const { status, output } = copy.run(['npm', 'run', script])
      t.equal(status, 0, output)
      return json(join(dist, 'manifest.json')) as unknown as Manifest
    }

    const manifest = build('build')
    t.same(manifest.source, { commit: git('rev-parse', 'HEAD'), dirty: false })
    t.equal(manifest.node, process.versions.node)
    t.equal(manifest.app, json(join(root, 'package.json'))['version'])
    const system = await loadConfig()
    t.same(manifest.system, { ...system, image: { ...system.image, compression: 'none' } }, 'what auto means')
    t.equal(`${manifest.kernel}\n`, readFileSync(join(dist, 'kernel/version'), 'utf8'))
    t.ok(readFileSync(join(dist, 'kernel/vmlinux')).includes(`Linux version ${manifest.kernel}-nodeos `))

    const lock = json(join(root, 'package-lock.json')) as { packages: Record<string, { version: string }> }
    const wanted = Object.keys(json(join(root, 'package.json'))['dependencies'] as object)
    for (const name of wanted)
      t.equal(manifest.packages[name], lock.packages[`node_modules/${name}`]?.version, name)
    t.notOk('tap' in manifest.packages)

    t.same(
      manifest.artefacts.map(({ name }) => name),
      ['kernel/vmlinux', 'kernel/vmlinuz', 'kernel/config', 'kernel/version', 'runtime', 'app'],
    )
    for (const { name, path, bytes, sha256, inputs } of manifest.artefacts) {
      t.equal(bytes, statSync(join(dist, path)).size, name)
      t.match(
        execFileSync('sha256sum', [join(dist, path)], { encoding: 'utf8' }),
        new RegExp(`^${sha256} `),
        name,
      )
      t.not(Object.keys(inputs).length, 0, name)
    }
    const inputsOf = (name: string) =>
      manifest.artefacts.find((artefact) => artefact.name === name)?.inputs ?? {}
    t.match(inputsOf('kernel/vmlinux'), {
      source: /sha256:[0-9a-f]{64}$|^tree /,
      compiler: /^gcc \d/,
      arch: 'x64',
    })
    t.match(inputsOf('runtime'), { node: new RegExp(`^${process.versions.node} `), esbuild: /^\d/ })
    t.match(inputsOf('app'), { files: /^[0-9a-f]{64}$/ })

    writeFileSync(join(copy.path, 'README.md'), 'changed')
    t.same(build('build:image').source, { commit: git('rev-parse', 'HEAD'), dirty: true })
  },
)
