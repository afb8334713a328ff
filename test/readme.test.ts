import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { installCommand } from '../build/host/facts.ts'
import { packagesFor } from '../build/host/find.ts'
import { buildStages, requirementsFor } from '../build/host/tools.ts'
import { root } from '../config/lib/paths.ts'
import { isObject } from '../config/lib/json.ts'
import { schemaProblems } from '../config/load.ts'
import { loadTarget } from '../deploy/target.ts'
import {
  anchorsIn,
  blocksIn,
  commandsIn,
  documents,
  linksIn,
  readDocument,
  repositoryFiles,
  shipped,
} from './lib/documents.ts'

const all = documents()
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

await t.test('README.md has at most 150 lines and links to every folder', async (t) => {
  const { text } = readDocument('README.md')
  t.ok(text.split('\n').length - 1 <= 150, `${text.split('\n').length - 1} lines`)
  for (const folder of ['app', 'config', 'kernel', 'build', 'deploy', 'test']) {
    t.match(text, `](${folder}/README.md)`)
  }
})

await t.test('the packages to install are those that npm run doctor checks', async (t) => {
  for (const [path, mark, stages] of [
    ['build/README.md', 'apt', buildStages],
    ['test/README.md', 'apt-test', ['test']],
  ] as const) {
    const command = installCommand('apt', packagesFor(requirementsFor(stages), 'apt'), false)
    const block = new RegExp(`<!-- ${mark}:begin -->\\n+\`\`\`sh\\n([^\`]*)\\n\`\`\``)
    const [, shown = ''] = block.exec(readDocument(path).text) ?? []
    t.equal(shown.replaceAll(/\s*\\\n\s*/g, ' '), command, path)
  }
})

const helpTexts = new Map<string, string>()

/** Prints the help of a script; undefined when it is not one of our commands. */
function helpOf(script: string): string | undefined {
  const [, words] = /(?:^|&& )node (\S+\.ts(?: \w+)?)$/.exec(scripts[script] ?? '') ?? []
  if (words === undefined) return undefined
  const known = helpTexts.get(words)
  if (known !== undefined) return known
  const help = execFileSync(process.execPath, [...words.split(' '), '--help'], {
    cwd: root,
    encoding: 'utf8',
  })
  helpTexts.set(words, help)
  return help
}

for (const { path, text } of all) {
  if (path === 'CHANGELOG.md') continue
  await t.test(`${path}: every command exists and has the options that are named`, async (t) => {
    for (const { script, options } of commandsIn(text)) {
      t.ok(script in scripts, `npm run ${script}`)
      for (const option of options) {
        const named = new RegExp(`(^|[ ,])${option}\\b`, 'm')
        t.match(helpOf(script) ?? '', named, `npm run ${script} -- ${option}`)
      }
    }
  })
}

await t.test("npm's own commands exist", async (t) => {
  for (const { path, text } of all) {
    const code = [...blocksIn(text, 'sh'), ...[...text.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span)]
    for (const [, command = ''] of code.join('\n').matchAll(/(?:^|&& )npm ([a-z]+)\b/gm)) {
      t.match(command, /^(run|ci|install|uninstall|update|start|test)$/, `${path}: npm ${command}`)
    }
  }
})

await t.test('every link leads to a file and a heading', async (t) => {
  for (const document of all) {
    for (const { file, anchor } of linksIn(document)) {
      const path = join(root, file)
      if (!existsSync(path)) t.fail(`${document.path}: ${file} not found`)
      else if (anchor !== undefined) {
        t.ok(anchorsIn(readFileSync(path, 'utf8')).includes(anchor), `${document.path}: ${file}#${anchor}`)
      }
    }
  }
})

await t.test("no file names another person's repository", async (t) => {
  for (const path of repositoryFiles()) {
    if (path.endsWith('package-lock.json') || /\.(png|ico)$/.test(path) || !existsSync(join(root, path)))
      continue
    const text = readFileSync(join(root, path), 'utf8')
    const owners = [...text.matchAll(/github\.com\/([\w-]+)\//g)].map(([, owner]) => owner)
    t.strictSame(
      owners.filter((owner) => owner !== 'YOU' && owner !== 'TEMPLATE-OWNER'),
      [],
      path,
    )
  }
})

await t.test('every target is described: purpose, how far it is tested, options', async (t) => {
  const { text } = readDocument('deploy/README.md')
  for (const name of shipped.targets) {
    const { summary, schema } = await loadTarget(name)
    const file = `targets/${name}.ts`
    const isFile = existsSync(join(root, 'deploy', file))
    const link = `| [\`${name}\`](${isFile ? file : `targets/${name}/README.md`})`
    const row = text.split('\n').find((line) => line.startsWith(link))
    const [, , purpose, tested] = (row ?? '').split('|').map((cell) => cell.trim())
    t.equal(purpose, summary, name)
    t.match(tested, /CI|untested/, name)
    if (isFile) continue
    const own = readDocument(`deploy/targets/${name}/README.md`).text
    for (const option of Object.keys((schema as { properties?: object }).properties ?? {})) {
      t.match(own, new RegExp(`^\\| \`${option}\` +\\|`, 'm'), `${name}: ${option}`)
    }
  }
})

await t.test('every image format is described', async (t) => {
  const { text } = readDocument('build/README.md')
  for (const name of shipped.formats) t.match(text, new RegExp(`^\\| \`${name}\` +\\|`, 'm'), name)
})

await t.test('every example of config/system.json is valid', async (t) => {
  let parts = 0
  for (const { path, text } of all) {
    for (const block of blocksIn(text, 'json')) {
      const value: unknown = JSON.parse(block.startsWith('"') ? `{${block}}` : block)
      if (!isObject(value) || 'event' in value || value['$schema'] === './app.schema.json') continue
      parts += 1
      t.strictSame(schemaProblems(value), [], `${path}: ${block}`)
    }
  }
  t.ok(parts > 8, `${parts} parts`)
})

await t.test('every QEMU command names a CPU', async (t) => {
  for (const { path, text } of all) {
    for (const [command] of text.matchAll(/qemu-system-x86_64 -[^`\n]*/g)) t.match(command, /-cpu /, path)
  }
})

await t.test('kernel/README.md lists the events that the machine logs', async (t) => {
  const sources = repositoryFiles().filter((path) =>
    /^kernel\/(init|preinit|native|system)\/.*\.(ts|c)$/.test(path),
  )
  const logged = sources.flatMap((path) => {
    if (!existsSync(join(root, path))) return []
    const source = readFileSync(join(root, path), 'utf8')
    const stages = '(?:init|node|network|app|health|shutdown)'
    const calls = new RegExp(
      `(?:emit\\(|event(?:_line)?\\()[^'"()]*(?:\\(\\w+\\), )?['"]${stages}['"],\\s*['"]([\\w.]+)['"]`,
      'g',
    )
    const literals = /\\"event\\":\\"([\w.]+)\\"/g
    return [...source.matchAll(calls), ...source.matchAll(literals)].map(([, name = '']) => name)
  })
  const { text } = readDocument('kernel/README.md')
  const [, section = ''] = text.split('\n## Console\n')
  const [table = ''] = section.split('\n## ')
  const listed = [...table.matchAll(/`([a-z]+\.[a-z_]+)`/g)].map(([, name = '']) => name)
  t.strictSame([...new Set(logged)].toSorted(), [...new Set(listed)].toSorted())
})
