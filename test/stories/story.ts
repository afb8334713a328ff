import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Test } from 'tap'
import { root } from '../../build/lib/paths.ts'

const upstream = 'https://github.com/nodeos/nodeos'

/**
 * Runs a section of the README as someone would who follows it: its commands are run, its files written under the names
 * in the sentences before them. What would be cloned is this repository.
 *
 * @param heading of the section
 * @param ports that must be free: the commands name them
 * @returns what was printed
 */
export async function runStory(t: Test, heading: string, ports: number[]): Promise<string> {
  for (const port of ports) if (await isTaken(port)) throw new Error(`port ${port} of this host is in use`)
  const folder = mkdtempSync(join(tmpdir(), 'nodeos-story-'))
  const child = spawn('bash', ['-e', '-u', '-o', 'pipefail', '-x', '-c', scriptOf(heading)], {
    cwd: folder,
    // Its own group: what it leaves running ends with it.
    detached: true,
    env: { ...outsideOfNpm(process.env), ...cloningFrom(root) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  t.teardown(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const [status] = (await once(child, 'exit')) as [number | null]
  if (status !== 0) throw new Error(`the story ended with status ${status}:\n${output}`)
  return output
}

/** The section's blocks as one script. */
function scriptOf(heading: string): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const [, section] = readme.split(`\n## ${heading}\n`)
  if (section === undefined) throw new Error(`README.md has no section ${heading}`)
  const [text = ''] = section.split('\n## ')
  const blocks = [...text.matchAll(/([^\n]*)\n\n```(\w+)\n([^`]*(?:`(?!``)[^`]*)*)```/g)]
  return blocks
    .map(([, before = '', language, content = '']) => {
      if (language === 'sh') return content
      const [name] = /`((?:app|config)\/[\w.]+)`:$/.exec(before)?.slice(1) ?? []
      if (name === undefined) throw new Error(`it is not said which file this is:\n${content}`)
      return `mkdir -p ${name.split('/')[0]}\ncat > ${name} <<'END'\n${content}END\n`
    })
    .join('')
}

/** npm tells the scripts that it runs about themselves; who opens a terminal knows nothing of it. */
function outsideOfNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  const own =
    /^(npm_(lifecycle|package|execpath|node_execpath|command|config_local_prefix)|INIT_CWD|NODE_|TAP_?|NODEOS_)/
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !own.test(name))),
    PATH: path.join(delimiter),
  }
}

function cloningFrom(repository: string): NodeJS.ProcessEnv {
  return {
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: `url.${repository}.insteadOf`,
    GIT_CONFIG_VALUE_0: upstream,
    GIT_CONFIG_KEY_1: 'safe.directory',
    GIT_CONFIG_VALUE_1: '*',
  }
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
