import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../../../config/lib/paths.ts'
import { verbs } from '../../../deploy/cli/cli.ts'
import { hostVerbs } from '../../../deploy/cli/host.ts'
import { folderOf } from '../../lib/release.ts'

interface Result {
  status: number
  stdout: string
  stderr: string
}

const all = [
  ...Object.entries(verbs).map(([name, verb]) => ({ words: [name], verb })),
  ...Object.entries(hostVerbs).map(([name, verb]) => ({ words: ['host', name], verb })),
]
const empty = folderOf(t)

/** Runs command lines one after the other in one process. */
function runAll(commands: readonly (readonly string[])[]): Result[] {
  const script = `
    import { start } from ${JSON.stringify(join(root, 'deploy/cli/cli.ts'))}
    const results = []
    for (const words of ${JSON.stringify(commands)}) {
      const result = { status: 0, stdout: '', stderr: '' }
      const [out, err] = [process.stdout, process.stderr].map((stream) => stream.write.bind(stream))
      process.stdout.write = (text) => ((result.stdout += text), true)
      process.stderr.write = (text) => ((result.stderr += text), true)
      process.exitCode = 0
      await start(words)
      Object.assign(process.stdout, { write: out })
      Object.assign(process.stderr, { write: err })
      results.push({ ...result, status: process.exitCode })
    }
    process.exitCode = 0
    process.stdout.write(JSON.stringify(results))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    env: { ...process.env, NODEOS_HOST: join(empty, 'host') },
  })
  if (stderr !== '') throw new Error(stderr)
  return JSON.parse(stdout) as Result[]
}

await t.test('every verb has help with its usage, an example and --json', (t) => {
  const results = runAll(all.map(({ words }) => [...words, '--help']))
  for (const [index, { words, verb }] of all.entries()) {
    const { status, stdout, stderr } = results[index] as Result
    const name = words.join(' ')
    t.strictSame({ status, stderr }, { status: 0, stderr: '' }, name)
    t.ok(stdout.startsWith(verb.summary), `${name}: summary`)
    t.ok(stdout.includes(`usage: ${verb.usage}`), `${name}: usage`)
    t.match(stdout, /^example: .*npm run /m, `${name}: example`)
    for (const option of Object.keys(verb.options)) t.match(stdout, `--${option}`, `${name}: --${option}`)
    t.match(stdout, /^ {2}--json /m, `${name}: --json`)
  }
  t.end()
})

await t.test('an example is a valid command line of its verb', (t) => {
  const lines = all.map(({ words, verb }) => {
    const [, script = '', rest = ''] = /npm run (\S+)(?: -- (.*))?$/.exec(verb.example) ?? []
    const typed = script === 'host' ? rest.split(' ').slice(0, 1) : []
    t.strictSame(script === 'host' ? ['host', ...typed] : [script.replace('deploy:', '')], words)
    const given = (script === 'host' ? rest.slice((typed[0] ?? '').length) : rest).trim()
    // Help comes after the check that the verb exists and before anything is done.
    return [...words, ...given.split(' ').filter((word) => word !== ''), '--help']
  })
  for (const { status } of runAll(lines)) t.equal(status, 0)
  t.end()
})

await t.test('a wrong command line ends with status 2 and one message', (t) => {
  const wrong = [
    ...all.map(({ words }) => [...words, '--nonsense']),
    ...all.filter(({ verb }) => verb.words === undefined).map(({ words }) => [...words, 'surplus']),
    ...all.filter(({ verb }) => verb.words?.some((word) => !word.startsWith('['))).map(({ words }) => words),
    ...all
      .filter(({ verb }) => verb.json !== undefined && 'unsupported' in verb.json)
      .map(({ words }) => [...words, '--json']),
    ['rollback', 'newest'],
    ['profile', '--heap', '--flame'],
    ['nonsense'],
    ['host', 'nonsense'],
    ['host', '--home', '/nowhere', 'nonsense'],
    ['host', 'add', 'shop', '--publish', '80'],
    ['host', 'add', 'shop', '--memory', 'lots'],
    [],
  ]
  for (const [index, { status, stdout, stderr }] of runAll(wrong).entries()) {
    const name = (wrong[index] ?? []).join(' ')
    t.equal(status, 2, name)
    t.equal(stdout, '', name)
    t.equal(stderr.match(/error: /g)?.length, 1, `${name}: ${stderr}`)
  }
  t.end()
})

await t.test('npm run host lists its verbs; options may come before the verb', (t) => {
  const home = join(empty, 'host')
  const [overview, status] = runAll([
    ['host', '--help'],
    ['host', '--home', home, 'status', '--json'],
  ])
  for (const [name, { summary }] of Object.entries(hostVerbs)) {
    t.match(overview?.stdout, new RegExp(`^ {2}${name}\\b`, 'm'))
    t.match(overview?.stdout, summary)
  }
  t.strictSame(JSON.parse(status?.stdout ?? ''), { appliances: [] })
  t.end()
})
