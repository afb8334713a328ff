import { join, resolve } from 'node:path'

/** The repository's root: everything is named relative to it. */
export const root: string = resolve(import.meta.dirname, '../..')

/** Where finished builds lie; git-ignored. */
export const dist: string = join(root, 'dist')
