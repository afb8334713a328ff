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
      if (url === 'node:http' && context.conditions.includes('import')) {
        deferUndici(process.getBuiltinModule('node:http'))
      }
      const format = strippedFormats[context.format ?? '']
      if (format === undefined || !url.startsWith(app)) return nextLoad(url, context)
      return nextLoad(url, { ...context, format })
    },
  })
}

/** Exports of `node:http` from undici, Node's HTTP client behind `fetch`. */
const undiciExports = ['WebSocket', 'CloseEvent', 'MessageEvent'] as const

/**
 * Keeps `import … from 'node:http'` from loading undici. An import reads every export, and reading these runs 150
 * million instructions that few apps need: more than the rest of Node's start. The import gets stand-ins that
 * load undici when first used; `require` and later reads get the real exports.
 *
 * @param http the exports of `node:http`, before they are imported for the first time
 */
export function deferUndici(http: object): void {
  for (const name of undiciExports) {
    const property = Object.getOwnPropertyDescriptor(http, name)
    if (property?.get === undefined || property.configurable !== true) continue
    Object.defineProperty(http, name, {
      ...property,
      get() {
        Object.defineProperty(http, name, property)
        return standIn(() => Reflect.get(http, name) as Class)
      },
    })
  }
}

type Class = new (...args: unknown[]) => object

/** Creates a class that behaves like the real one and loads it when first used. */
function standIn(read: () => Class): Class {
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
