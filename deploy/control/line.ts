import { Script } from 'node:vm'

/** Prepares a line for evaluation: a line that begins with a brace is an object if that is valid, not a block. */
export function prepare(source: string): string {
  return /^\s*\{/.test(source) && isExpression(source) ? `(${source.trim()})` : source
}

/** Returns whether the input is incomplete, for example after an open bracket. */
export function isUnfinished(source: string): boolean {
  const open = `async () => {\n${source}`
  return syntaxError(`${open}\n}`) !== undefined && endsEarly.test(syntaxError(open) ?? '')
}

const endsEarly = /^(Unexpected end of input|Unterminated template literal|missing \) after argument list)/

function isExpression(source: string): boolean {
  return syntaxError(`async () => (\n${source}\n)`) === undefined
}

function syntaxError(source: string): string | undefined {
  try {
    return new Script(source) instanceof Script ? undefined : ''
  } catch (error) {
    return (error as Error).message
  }
}

const path = /((?:[\w$]+\.)*)([\w$]*)$/

/** Returns JavaScript that lists the completions of a line; undefined if there is nothing to complete. */
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

/** Returns the completions of a line, and the end of the line that they replace. */
export function completionsOf(line: string, shown: string): [string[], string] {
  const [text = '', owner = ''] = path.exec(line) ?? []
  const names = shown.slice(1, -1).split(' ').filter(Boolean)
  return [names.map((name) => `${owner}${name}`), text]
}
