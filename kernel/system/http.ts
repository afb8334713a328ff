/** Exports of `node:http` that are lazy in Node, and evaluated all the same by any `import` of the module. */
const lazyClasses = ['WebSocket', 'CloseEvent', 'MessageEvent'] as const

/**
 * Makes an `import` of `node:http` as cheap as its `require`: the classes of the WebSocket client, and with them
 * TLS, HTTP/2 and zlib, are loaded when one is used, 0.15 G instructions later or never.
 */
export function deferHttpClasses(): void {
  const http = process.getBuiltinModule('node:http')
  for (const name of lazyClasses) {
    const getter = Object.getOwnPropertyDescriptor(http, name)?.get
    if (getter === undefined) continue
    Object.defineProperty(http, name, {
      value: lazyClass(() => getter.call(http) as Function),
      configurable: true,
      enumerable: true,
      writable: true,
    })
  }
}

/** A class that is loaded when it is first used in any way: called, extended, read, compared by instanceof. */
export function lazyClass(load: () => Function): Function {
  const handler: ProxyHandler<Function> = {}
  for (const trap of Object.getOwnPropertyNames(Reflect) as (keyof ProxyHandler<Function>)[]) {
    handler[trap] = (_target: Function, ...rest: unknown[]) =>
      (Reflect[trap] as (...all: unknown[]) => unknown)(load(), ...rest)
  }
  return new Proxy(class {}, handler)
}
