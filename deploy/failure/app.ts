/** A cause, and what to do. */
export interface Cause {
  cause: string
  hint?: string
}

/** Why a deploy failed, what to do, and the lines of the console that show it. */
export interface Explanation extends Cause {
  lines: string[]
}

/** Facts about the machine that a cause may mention. */
export interface Facts {
  /** MiB. */
  memory: number
}

type Recogniser = (text: string, facts: Facts) => Cause | undefined

/** Turns the path of a file in the image into its path in the repository: `/srv/app/index.ts` is `app/index.ts`. */
function inRepository(path: string): string {
  return path.replace(/^file:\/\//, '').replace(/^\/srv\//, '')
}

const notPacked =
  'devDependencies are not packed. If it is one: npm install --save-prod NAME; then npm run build'

/** An import of a package or of a file that is not in the image. */
const missingModule: Recogniser = (text) => {
  const found =
    /Cannot find (?:package|module) '([^']+)'(?: imported from ([^\n]+))?(?:\nRequire stack:\n- ([^\n]+))?/.exec(
      text,
    )
  if (found === null) return undefined
  const [, wanted = '', ...importers] = found
  const by = importers.find((each) => each !== undefined)
  const importer = by === undefined ? '' : `, which ${inRepository(by)} imports,`
  if (!/^(?:\/|\.|file:)/.test(wanted)) {
    const name = wanted.split('/', wanted.startsWith('@') ? 2 : 1).join('/')
    return {
      cause: `the module '${wanted}'${importer} is not in the image`,
      hint: notPacked.replace('NAME', name),
    }
  }
  return {
    cause: `the file ${inRepository(wanted)}${importer} is not in the image`,
    hint: 'app/ is packed, and what app.include in config/system.json lists. Is the path right, including upper and lower case?',
  }
}

const wrongAbi: Recogniser = (text) => {
  const [, theirs, ours] =
    /using\s+NODE_MODULE_VERSION (\d+)\. This version of Node\.js requires\s+NODE_MODULE_VERSION (\d+)/.exec(
      text,
    ) ?? []
  if (theirs === undefined) return undefined
  const [, file = 'an addon'] = /The module '([^']+)'/.exec(text) ?? []
  return {
    cause: `${inRepository(file)} was compiled for another Node: its ABI is ${theirs}, the machine's Node needs ${ours}`,
    hint: 'npm run build   checks every addon and prints the command that rebuilds it',
  }
}

const missingLibrary: Recogniser = (text) => {
  if (!text.includes('ERR_DLOPEN_FAILED')) return undefined
  const [, library] = /Error: (\S+): cannot open shared object file/.exec(text) ?? []
  const [, version] = /version `([^']+)' not found/.exec(text) ?? []
  const [, reason = 'the dynamic linker rejects it'] = /Error: ([^\n]+)/.exec(text) ?? []
  return {
    cause: `a native addon cannot be loaded: ${library === undefined ? reason : `it needs ${library}, which is not in the image`}`,
    hint:
      version === undefined
        ? 'use a build of the package that bundles its libraries (a prebuilt binary for linux-x64, glibc)'
        : `the addon was built on a system with a newer library (${version}): use the package's prebuilt binary, or build it on Debian 12`,
  }
}

const outOfMemory: Recogniser = (text, { memory }) => {
  const heap = /JavaScript heap out of memory/.test(text)
  if (
    !heap &&
    !/Array buffer allocation failed|std::bad_alloc|Cannot allocate memory|ERR_WORKER_OUT_OF_MEMORY/.test(
      text,
    )
  )
    return undefined
  return {
    cause: `the app ran out of memory${heap ? ": V8's heap reached its limit" : ''} (machine.memory is ${memory} MiB)`,
    hint: 'raise machine.memory in config/system.json, then npm run build',
  }
}

const listenFailed: Recogniser = (text) => {
  const [, code, place = ''] = /listen (E\w+):? [a-z ,]*?(\S*:?\S+)?$/m.exec(text) ?? []
  if (code === 'EADDRNOTAVAIL')
    return {
      cause: `the app listens on ${place}, which is not an address of the machine`,
      hint: "listen on '::' (every address of the machine)",
    }
  if (code === 'EADDRINUSE')
    return {
      cause: `the app listens twice on ${place}: the address is already in use`,
      hint: 'give each server a port of its own; with app.processes above 1 the workers share a port by themselves',
    }
  return undefined
}

const readOnly: Recogniser = (text) => {
  const [, path] = /EROFS: read-only file system, \w+ '([^']+)'/.exec(text) ?? []
  if (path === undefined) return undefined
  return {
    cause: `the app writes to ${inRepository(path)}, and the image is read-only`,
    hint: 'write to /tmp (emptied at power-off) or to /data (the data disk)',
  }
}

const missingFile: Recogniser = (text) => {
  const [, path] = /ENOENT: no such file or directory, \w+ '([^']+)'/.exec(text) ?? []
  if (path === undefined) return undefined
  const packed = path.startsWith('/srv/')
  return {
    cause: `the app does not find the file ${inRepository(path)}`,
    hint: packed
      ? 'it is not in the image: app/ is packed, and what app.include in config/system.json lists'
      : 'the machine has only what the image holds: no files of this host',
  }
}

const missingProgram: Recogniser = (text) => {
  const [, program] = /Error: spawn(?:Sync)? (\S+) ENOENT/.exec(text) ?? []
  if (program === undefined) return undefined
  return {
    cause: `the app runs the program ${program}, which the machine does not have`,
    hint: 'the machine has no shell and no programs but Node: use a package that does it in JavaScript or as an addon',
  }
}

/** An ES module that is loaded as CommonJS, or the reverse. */
const mixedModules: Recogniser = (text) => {
  const esm =
    /SyntaxError: (?:Cannot use import statement outside a module|Unexpected token 'export'|Cannot use 'import\.meta' outside a module)/.exec(
      text,
    )
  const commonJs =
    /ReferenceError: (?:exports|module|require|__dirname|__filename) is not defined(?: in ES module scope)?/.exec(
      text,
    )
  const found = esm ?? commonJs
  if (found === null) return undefined
  const [, place] =
    /^((?:file:\/\/|\/)\S+:\d+)$/m.exec(text) ??
    /at (?:\S+ \()?((?:file:\/\/|\/srv\/)[^\s)]+?)(?::\d+)?\)?$/m.exec(text) ??
    []
  const where = place === undefined ? '' : ` in ${inRepository(place)}`
  return {
    cause: `ES module and CommonJS are mixed${where}: ${found[0]}`,
    hint:
      esm === null
        ? `the file is CommonJS, and the package.json that applies to it says "type": "module": name it .cjs, or put a package.json with { "type": "commonjs" } beside it`
        : `the file is an ES module, and the package.json that applies to it does not say "type": "module": add that, or name the file .mjs`,
  }
}

const syntax: Recogniser = (text) => {
  const [, message] = /^(SyntaxError(?: \[\w+\])?: [^\n]+)/m.exec(text) ?? []
  if (message === undefined) return undefined
  const [, place] = /^((?:file:\/\/|\/)\S+:\d+)$/m.exec(text) ?? []
  return { cause: `${place === undefined ? 'the app' : inRepository(place)} has a syntax error: ${message}` }
}

const badOption: Recogniser = (text) => {
  const [, option] = /node: bad option: (\S+)/.exec(text) ?? []
  if (option === undefined) return undefined
  return { cause: `Node rejects the option ${option}`, hint: 'correct app.nodeOptions in config/system.json' }
}

const uncaught: Recogniser = (text) => {
  const [, head] =
    /^(?:Uncaught:? ?)?((?:[A-Za-z_$][\w$.]*)?(?:Error|Exception)(?: \[\w+\])?(?::[^\n]*)?)$/m.exec(text) ??
    []
  if (head === undefined) return undefined
  const [, place] = /^\s+at (?:.*\()?((?:file:\/\/)?\/srv\/[^)\s]+?)(?::\d+)?\)?$/m.exec(text) ?? []
  return { cause: `the app throws ${head}${place === undefined ? '' : ` (${inRepository(place)})`}` }
}

const recognisers: readonly Recogniser[] = [
  outOfMemory,
  wrongAbi,
  missingLibrary,
  missingModule,
  mixedModules,
  syntax,
  badOption,
  listenFailed,
  readOnly,
  missingProgram,
  missingFile,
  uncaught,
]

/** Finds the cause in the lines of an error. */
export function causeOfError(lines: readonly string[], facts: Facts): Cause | undefined {
  const text = lines.join('\n')
  for (const recognise of recognisers) {
    const found = recognise(text, facts)
    if (found !== undefined) return found
  }
  return undefined
}
