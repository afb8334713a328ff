import { Script } from 'node:vm'

/** A line as it is evaluated: one that begins with a brace is an object when it can be, as people mean it. */
export function prepare(source: string): string {
  return /^\s*\{/.test(source) && isExpression(source) ? `(${source.trim()})` : source
}

function isExpression(source: string): boolean {
  try {
    return new Script(`async () => (\n${source}\n)`) instanceof Script
  } catch {
    return false
  }
}

/** Whether a syntax error says that more lines are to come. */
export function isUnfinished(message: string): boolean {
  return /^SyntaxError: (Unexpected end of input|Unterminated template literal|missing \) after argument list)/.test(
    message,
  )
}

const path = /((?:[\w$]+\.)*)([\w$]*)$/

/** JavaScript that lists the names which may end a line; undefined when nothing can be completed. */
export function completionSource(line: string): string | undefined {
  const [text = '', owner = '', start = ''] = path.exec(line) ?? []
  if (text === '') return undefined
  const object = owner === '' ? 'globalThis' : owner.slice(0, -1)
  return `((object, start, names = new Set()) => {
    for (; object !== null; object = Object.getPrototypeOf(object))
      for (const name of Object.getOwnPropertyNames(object)) if (name.startsWith(start)) names.add(name)
    return [...names].filter((name) => /^[A-Za-z_$][\\w$]*$/.test(name)).sort().join(' ')
  })(Object(${object}), '${start}')`
}

/** The completions of a line, and the end of it that they complete. */
export function completionsOf(line: string, shown: string): [string[], string] {
  const [text = '', owner = ''] = path.exec(line) ?? []
  const names = shown.slice(1, -1).split(' ').filter(Boolean)
  return [names.map((name) => `${owner}${name}`), text]
}
