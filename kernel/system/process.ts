import { registerHooks } from 'node:module'
import { deferUndici } from './undici.ts'

const plain: Record<string, string> = {
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
      const format = plain[context.format ?? '']
      if (format === undefined || !url.startsWith(app)) return nextLoad(url, context)
      return nextLoad(url, { ...context, format })
    },
  })
}
