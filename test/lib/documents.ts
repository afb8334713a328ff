import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../../config/lib/paths.ts'

/** A Markdown file of the repository. */
export interface Document {
  /** Path in the repository. */
  path: string
  text: string
}

/** What NodeOS ships, and describes. A fork's own need a file of theirs, and nothing in these documents. */
export const shipped = {
  targets: ['git', 'libvirt', 'local'],
  formats: ['direct', 'efi', 'initrd', 'iso', 'qcow2', 'raw', 'vhd', 'vhdx', 'vmdk'],
} as const

/** Folders that git ignores. */
const ignored = new Set(['.git', 'node_modules', 'dist', '.tap'])

/** Lists the files of the repository, those not yet committed included. */
export function repositoryFiles(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return ignored.has(entry.name) ? [] : repositoryFiles(path)
    return entry.isFile() ? [path] : []
  })
}

/** Reads one document. */
export function readDocument(path: string): Document {
  return { path, text: readFileSync(join(root, path), 'utf8') }
}

/** Reads all documents of the repository. */
export function documents(): Document[] {
  return repositoryFiles()
    .filter((path) => path.endsWith('.md'))
    .map(readDocument)
}

/** A use of a command: `npm run <script>` with the options that follow it. */
export interface Use {
  script: string
  options: string[]
}

/**
 * Finds the commands in a document. An option that stands alone (`-- --json`) belongs to the first command of its
 * line, or of the previous lines.
 */
export function commandsIn(text: string): Use[] {
  let previous = ''
  return text.split('\n').flatMap((line) => {
    const uses = [...line.matchAll(/npm run ([\w:-]+)((?: -- | --?[\w-]+=?| [\w./'"(){}$<>:]+)*)/g)].map(
      ([, script = '', rest = '']) => ({ script, options: optionsIn(rest) }),
    )
    const alone = [...line.matchAll(/`-- ([^`]*)`/g)].flatMap(([, rest = '']) => optionsIn(rest))
    previous = uses[0]?.script ?? previous
    return alone.length === 0 ? uses : [...uses, { script: previous, options: alone }]
  })
}

function optionsIn(text: string): string[] {
  return [...text.matchAll(/(?<= |^)(--?[a-z][\w-]*)/g)].map(([, option = '']) => option)
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsIn(text: string): string[] {
  const prose = text.replaceAll(/^```[^]*?^```$/gm, '')
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Links of a document to other files and headings, with paths in the repository. */
export function linksIn({ path, text }: Document): { file: string; anchor: string | undefined }[] {
  return [...text.matchAll(/\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)/g)].map(([, file = '', anchor]) => ({
    file: file === '' ? path : join(dirname(path), file),
    anchor,
  }))
}

/** The fenced blocks of a language. */
export function blocksIn(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , content = '']) => content)
}
