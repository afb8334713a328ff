import { join, resolve } from 'node:path'

/** The root of the repository. */
export const root: string = resolve(import.meta.dirname, '../..')

/** The output of builds; git ignores it. */
export const dist: string = join(root, 'dist')
