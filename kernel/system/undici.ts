/** What `node:http` has from undici, Node's HTTP client behind `fetch`. */
const names = ['WebSocket', 'CloseEvent', 'MessageEvent'] as const

/**
 * Keeps `import … from 'node:http'` from loading undici. An import reads every export, these too, and reading
 * them runs 150 million instructions for what few ever use: more than the rest of Node's start. The import gets
 * stand-ins that load undici when they are first used; `require` and later reads get the real ones.
 *
 * @param http the exports of `node:http`, before they are imported for the first time
 */
export function deferUndici(http: object): void {
  for (const name of names) {
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

/** A class that is the real one for all who use it, and reads it when they first do. */
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
