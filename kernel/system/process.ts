import { registerHooks } from 'node:module'
import { startVariable } from '../contract/paths.ts'

/**
 * The role of a process: `machine` brings up the machine, `worker` runs the app for a primary, `inherited` is a
 * thread or child of the app that loads the system layer because it inherits Node's options.
 */
export type Role = 'machine' | 'worker' | 'inherited'

/** Reads the mark that init or the primary set for this process, and removes it for its children. */
export function takeRole(env: NodeJS.ProcessEnv): Role {
  const mark = env[startVariable]
  delete env[startVariable]
  return mark === 'machine' || mark === 'worker' ? mark : 'inherited'
}

/**
 * Makes `process.availableMemory()` and `process.constrainedMemory()` report the machine's memory. libuv reads both
 * from control groups, which the kernel of a machine with one app does not have, and would report 0.
 */
export function reportMemory(): void {
  process.availableMemory = () => os().freemem()
  process.constrainedMemory = () => os().totalmem()
}

/** Loaded when first needed. */
function os(): typeof import('node:os') {
  return process.getBuiltinModule('node:os')
}

const strippedFormats: Record<string, string> = {
  'module-typescript': 'module',
  'commonjs-typescript': 'commonjs',
}

/**
 * Makes the app's modules load in fewer instructions. The build has stripped the types from the app's files
 * and left their names; Node would load its TypeScript stripper, a WebAssembly module that costs more than the
 * rest of the start, to strip nothing.
 *
 * @param app URL of the folder whose TypeScript files are JavaScript already, ending with a slash
 */
export function hookLoader(app: string): void {
  registerHooks({
    load(url, context, nextLoad) {
      if (url in costlyExports && context.conditions.includes('import')) deferExports(url)
      const format = strippedFormats[context.format ?? '']
      if (format === undefined || !url.startsWith(app)) return nextLoad(url, context)
      return nextLoad(url, { ...context, format })
    },
  })
}

/** Exports that load further parts of Node when they are read: classes and, in lower case, an object. */
const costlyExports: Record<string, readonly string[]> = {
  // undici, the HTTP client behind `fetch`: 150 million instructions.
  'node:http': ['WebSocket', 'CloseEvent', 'MessageEvent'],
  // Streams and promises: 12 million instructions.
  'node:fs': ['ReadStream', 'WriteStream', 'FileReadStream', 'FileWriteStream', 'Utf8Stream', 'promises'],
}

/**
 * Keeps `import … from 'node:http'` and `'node:fs'` from loading what few apps need. An import reads every export, and
 * reading some runs more instructions than the rest of Node's start. The import gets stand-ins that load the real
 * exports when first used; `require` and later reads get the real exports.
 *
 * @param name of a built-in module, before it is imported for the first time
 */
export function deferExports(name: string): void {
  const exports = process.getBuiltinModule(name) as object
  for (const key of costlyExports[name] ?? []) {
    const property = Object.getOwnPropertyDescriptor(exports, key)
    if (property?.get === undefined || property.configurable !== true) continue
    Object.defineProperty(exports, key, {
      ...property,
      get() {
        Object.defineProperty(exports, key, property)
        const read = (): object => Reflect.get(exports, key) as object
        return /^[A-Z]/.test(key) ? classLike(read as () => Class) : objectLike(read)
      },
    })
  }
}

type Class = new (...args: unknown[]) => object

/** Creates a class that behaves like the real one and loads it when first used. */
function classLike(read: () => Class): Class {
  const self: Class = new Proxy(function () {} as unknown as Class, {
    construct: (_, args, target) => Reflect.construct(read(), args, target === self ? read() : target),
    apply: (_, receiver, args) => Reflect.apply(read(), receiver, args),
    get: (_, key) => Reflect.get(read(), key) as unknown,
    set: (_, key, value) => Reflect.set(read(), key, value),
    has: (_, key) => Reflect.has(read(), key),
    getPrototypeOf: () => Reflect.getPrototypeOf(read()),
  })
  return self
}

/** Creates an object that behaves like the real one and loads it when first used. */
function objectLike(read: () => object): object {
  return new Proxy(
    {},
    {
      get: (_, key) => Reflect.get(read(), key) as unknown,
      set: (_, key, value) => Reflect.set(read(), key, value),
      has: (_, key) => Reflect.has(read(), key),
      ownKeys: () => Reflect.ownKeys(read()),
      getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(read(), key),
      defineProperty: (_, key, property) => Reflect.defineProperty(read(), key, property),
      deleteProperty: (_, key) => Reflect.deleteProperty(read(), key),
    },
  )
}
