import type { Runtime } from 'node:inspector'
import type { Session } from 'node:inspector/promises'
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { RemoteError, type Send } from '../messages.ts'

const importer = Symbol.for('nodeos.repl.import')

let session: Session | undefined

/**
 * Evaluates a line of a REPL in this process: declarations are kept, `await`, `import()` and `require` work, and `$_`
 * is the last value.
 *
 * @returns the value as `util.inspect` formats it
 * @throws {RemoteError} the error of the source
 */
export async function evaluate(source: unknown, colors: boolean): Promise<string> {
  if (typeof source !== 'string') throw new Error('source must be a string')
  session ??= open()
  const { result, exceptionDetails } = await session.post('Runtime.evaluate', asLine(source))
  const shown = await show(session, result, colors)
  if (exceptionDetails === undefined) return shown
  throw new RemoteError({ message: firstLine(result) ?? shown, stack: withoutOwnFrames(shown) })
}

function asLine(source: string): Runtime.EvaluateParameterType {
  const options = { replMode: true, awaitPromise: true, includeCommandLineAPI: true, objectGroup: 'console' }
  return { expression: withImports(source), ...options }
}

function open(): Session {
  Object.defineProperty(globalThis, importer, { value: importFromApp, configurable: true })
  return connectSession()
}

/** V8 has no module loader for code that the inspector evaluates, so `import()` becomes a call. */
function withImports(source: string): string {
  return source.replaceAll(/(?<![\w$.])import\s*\(/g, `globalThis[Symbol.for('${importer.description}')](`)
}

/** Imports like a file in the working directory, which is the app's. */
async function importFromApp(specifier: string): Promise<unknown> {
  const parentURL = `${pathToFileURL(process.cwd()).href}/repl`
  const hooks = registerHooks({
    resolve: (wanted, context, next) =>
      next(wanted, context.parentURL === import.meta.url ? { ...context, parentURL } : context),
  })
  try {
    return await import(specifier)
  } finally {
    hooks.deregister()
  }
}

const inspect = `function (value, colors) {
  return process.getBuiltinModule('node:util').inspect(value, { colors })
}`

async function show(session: Session, value: Runtime.RemoteObject, colors: boolean): Promise<string> {
  const scope = await session.post('Runtime.evaluate', { expression: 'globalThis' })
  const { result } = await session.post('Runtime.callFunctionOn', {
    objectId: scope.result.objectId ?? '',
    functionDeclaration: inspect,
    arguments: [argumentOf(value), { value: colors }],
    returnByValue: true,
  })
  return String(result.value)
}

/** Converts a value of the inspector to the argument of a call. */
function argumentOf({ objectId, unserializableValue, value }: Runtime.RemoteObject): Runtime.CallArgument {
  if (objectId !== undefined) return { objectId }
  return unserializableValue === undefined ? { value: value as unknown } : { unserializableValue }
}

function firstLine({ subtype, description }: Runtime.RemoteObject): string | undefined {
  return subtype === 'error' ? description?.split('\n')[0] : undefined
}

const frame = /^\S*\s+at /
const ownFrame = /^\S*\s+at Session\.post \(node:inspector/

/** Cuts the stack off at the call of the inspector. The lines after the stack are properties of the error. */
function withoutOwnFrames(stack: string): string {
  const lines = stack.split('\n')
  const end = lines.findIndex((line) => ownFrame.test(line))
  if (end < 0) return stack
  const properties = lines.slice(end).filter((line) => !frame.test(line))
  const brace = properties.length > 0 ? ' {' : ''
  return [lines.slice(0, end).join('\n') + brace, ...properties].join('\n')
}

const longestSeconds = 600
/** Sampling interval in microseconds. */
const sampleEvery = 1000

/**
 * Profiles the CPU for a while, in this process.
 *
 * @param seconds from 0.1 to 600
 * @param send gets a .cpuprofile
 */
export async function profileCpu(seconds: unknown, send: Send): Promise<void> {
  if (typeof seconds !== 'number' || !(seconds >= 0.1 && seconds <= longestSeconds)) {
    throw new Error(`seconds must be a number from 0.1 to ${longestSeconds}`)
  }
  const session = connectSession()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: sampleEvery })
    await session.post('Profiler.start')
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    const { profile } = await session.post('Profiler.stop')
    await send(Buffer.from(JSON.stringify(profile)))
  } finally {
    session.disconnect()
  }
}

/** Takes a snapshot of the heap of this process, which pauses meanwhile; `send` receives a .heapsnapshot. */
export function snapshotHeap(send: Send): Promise<void> {
  const snapshot = process.getBuiltinModule('node:v8').getHeapSnapshot()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let sent = Promise.resolve()
  // An async iteration would read it all at once and hold it twice.
  snapshot.on('data', (part: Buffer) => {
    snapshot.pause()
    sent = send(part)
    sent.then(() => snapshot.resume(), reject)
  })
  // The end comes with the last part, which may still be in flight.
  snapshot.on('end', () => void sent.then(resolve, reject)).on('error', reject)
  return promise.finally(() => snapshot.destroy())
}

/**
 * Connects to the inspector of this process, without a port.
 *
 * @throws if Node was built without it
 */
export function connectSession(): Session {
  const inspector = process.getBuiltinModule('node:inspector/promises') as
    | typeof import('node:inspector/promises')
    | undefined
  if (inspector === undefined) throw new Error('this Node was built without the inspector')
  const session = new inspector.Session()
  session.connect()
  return session
}
