import { registerHooks } from 'node:module'
import { deferHttpClasses } from './http.ts'

const plain: Record<string, string> = {
  'module-typescript': 'module',
  'commonjs-typescript': 'commonjs',
}

/**
 * Spares the app's start what Node would do needlessly, each of which costs more than the rest of the start:
 *
 * - The build has stripped the types from the app's files and left their names. Node would load its TypeScript
 *   stripper, a WebAssembly module, to strip nothing.
 * - `import 'node:http'` would load the WebSocket client.
 */
export function hookModules(): void {
  registerHooks({
    load(url, context, nextLoad) {
      if (url === 'node:http') deferHttpClasses()
      const format = plain[context.format ?? '']
      return nextLoad(url, format === undefined ? context : { ...context, format })
    },
  })
}
