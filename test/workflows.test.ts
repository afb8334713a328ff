import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { EntryPin } from '../build/pipeline/pins.ts'
import { root } from '../config/lib/paths.ts'

const folder = join(root, '.github/workflows')
const names = readdirSync(folder).filter((name) => name.endsWith('.yml'))

t.ok(names.includes('ci.yml'))

for (const name of names) {
  await t.test(name, async (t) => {
    const text = readFileSync(join(folder, name), 'utf8')
    const uses = [...text.matchAll(/^\s*-?\s*uses:\s*(.*)$/gm)].map((match) => match[1] ?? '')
    t.ok(uses.length > 0)
    for (const line of uses)
      t.match(line, /^[\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, `pinned: ${line}`)
    t.match(text, /^permissions:\n {2}contents: read\n/m, 'no more rights than to read')
    t.notMatch(text, 'write-all')
    t.match(text, /timeout-minutes: \d+/)
    t.match(text, /persist-credentials: false/)
  })
}

await t.test('the workflow runs .ci/run', async (t) => {
  t.match(readFileSync(join(folder, 'ci.yml'), 'utf8'), /^ +(- )?run: bash \.ci\/run$/m)
})

await t.test('the hosted runner permits the namespaces that tests use', async (t) => {
  t.match(readFileSync(join(folder, 'ci.yml'), 'utf8'), 'kernel.apparmor_restrict_unprivileged_userns=0')
})

await t.test(
  'only the job that publishes the store may write, and it attests what it publishes',
  async (t) => {
    const text = readFileSync(join(folder, 'store.yml'), 'utf8')
    const [before = '', publish = ''] = text.split(/^ {2}publish:$/m)
    const [job = '', after = ''] = publish.split(/^ {2}verify:$/m)
    for (const other of [before, after]) t.notMatch(other, /: write$/m)
    t.match(job, /contents: write\n +id-token: write\n +attestations: write\n/)
    t.ok(job.indexOf('attest-build-provenance') < job.indexOf('gh release create'))
    t.ok(before.indexOf('npm run store -- verify') < before.indexOf('npm run store -- add store --source'))
  },
)

await t.test('the store is compiled in the distribution that the pins name', async (t) => {
  const text = readFileSync(join(folder, 'store.yml'), 'utf8')
  const [, release = ''] = /^ {4}container: debian:(\d+)$/m.exec(text) ?? []
  const pins = join(root, 'build/pins')
  for (const name of readdirSync(pins).filter((each) => each.endsWith('.json'))) {
    const pin = JSON.parse(readFileSync(join(pins, name), 'utf8')) as EntryPin
    t.match(pin.made.distribution, `Debian GNU/Linux ${release} `, name)
  }
})
