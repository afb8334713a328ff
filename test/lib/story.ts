import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Test } from 'tap'
import { root } from '../../config/lib/paths.ts'
import { holdPorts } from './ports.ts'

/** The placeholder of the documents, for which this repository is cloned. */
const placeholder = /https:\/\/github\.com\/YOU\/[\w-]+/g

/** Allows slow hosts more time to boot than the documents have. */
const patience = { NODEOS_HEALTH_TIMEOUT: '1800' }

/** A section of a document. */
export interface Section {
  /** Path in the repository, such as `README.md`. */
  document: string
  heading: string
}

/**
 * Runs a section of a document word for word: runs its commands, and writes its files under the names in the sentences
 * before them. Clones this repository instead of the placeholder.
 *
 * @param ports that must be free, because the commands name them
 * @returns the output
 */
export async function runStory(t: Test, section: Section, ports: number[]): Promise<string> {
  await holdPorts(t, ports)
  const folder = mkdtempSync(join(tmpdir(), 'nodeos-story-'))
  // tap loads itself into every child with an environment of its own; env removes it again.
  const script = scriptOf(section)
  const bash = ['bash', '-e', '-u', '-o', 'pipefail', '-x', '-c', script]
  const child = spawn('env', ['-u', 'NODE_OPTIONS', ...bash], {
    cwd: folder,
    // A group of its own, so that the processes that it leaves behind end with it.
    detached: true,
    env: { ...outsideOfNpm(process.env), ...cloning(root, script.match(placeholder) ?? []), ...patience },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  t.teardown(() => {
    killGroup(child.pid)
    rmSync(folder, { recursive: true, force: true })
  })
  const [status] = (await once(child, 'exit')) as [number | null]
  if (status !== 0)
    throw new Error(`${section.document}, "${section.heading}" failed with status ${status}:\n${output}`)
  return output
}

/** Joins the blocks of the section to one script. */
function scriptOf({ document, heading }: Section): string {
  const whole = readFileSync(join(root, document), 'utf8')
  const [, section] = whole.split(`\n## ${heading}\n`)
  if (section === undefined) throw new Error(`${document}: section not found: ${heading}`)
  const [text = ''] = section.split('\n## ')
  const blocks = [...text.matchAll(/([^\n]*)\n\n```(\w+)\n([^`]*(?:`(?!``)[^`]*)*)```/g)]
  return blocks
    .map(([, before = '', language, content = '']) => {
      if (language === 'sh') return content
      const [name] = /`((?:app|config)\/[\w.]+)`:$/.exec(before)?.slice(1) ?? []
      if (name === undefined) throw new Error(`${document}: no file name before this block:\n${content}`)
      return `mkdir -p ${name.split('/')[0]}\ncat > ${name} <<'END'\n${content}END\n`
    })
    .join('')
}

/** Removes the variables that npm and tap set for the programs that they run. */
function outsideOfNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  const own = /^(npm_(?!config_(registry|userconfig|cafile)$)|INIT_CWD|NODE|TAP|_TAPJS|NODEOS_)/
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !own.test(name))),
    PATH: path.join(delimiter),
  }
}

function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL')
  } catch {
    // No process is left.
  }
}

function cloning(repository: string, urls: readonly string[]): NodeJS.ProcessEnv {
  const settings = [...urls.map((url) => [`url.${repository}.insteadOf`, url]), ['safe.directory', '*']]
  const variables = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ])
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(variables) }
}
