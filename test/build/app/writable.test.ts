import t from 'tap'
import { planApp } from '../../../build/app/stage.ts'
import type { Tree } from '../../../build/app/tree.ts'
import type { SystemConfig } from '../../../config/system.types.ts'
import { configFor } from './fixture.ts'

const treeOf = (root: string, writable: SystemConfig['app']['writable']): Tree =>
  planApp({ root, config: configFor({ writable }), node: process.execPath }).tree

await t.test(
  'a writable folder is a link in the image, and its contents lie where the machine takes them',
  (t) => {
    const root = t.testdir({
      'package.json': '{}',
      app: {
        'index.js': '',
        '.next': { cache: { 'a.txt': '', link: t.fixture('symlink', 'a.txt') }, 'cache-not.txt': '' },
      },
    })
    const tree = treeOf(root, { 'app/.next/cache': 'tmp', 'app/uploads': 'data' })
    t.same([...tree.keys()].filter((path) => !path.endsWith('.json') && !path.endsWith('.conf')).sort(), [
      '.nodeos/writable/app/.next/cache/a.txt',
      '.nodeos/writable/app/.next/cache/link',
      'app/.next/cache',
      'app/.next/cache-not.txt',
      'app/index.js',
      'app/uploads',
    ])
    t.same(tree.get('app/.next/cache'), { kind: 'link', target: '/tmp/app-writable/app/.next/cache' })
    t.same(tree.get('app/uploads'), { kind: 'link', target: '/data/app-writable/app/uploads' })
    t.same(tree.get('.nodeos/writable/app/.next/cache/link'), {
      kind: 'link',
      target: '.nodeos/writable/app/.next/cache/a.txt',
    })
    const config = tree.get('.nodeos/system.json')
    t.match(config?.kind === 'text' && JSON.parse(config.content), {
      app: { writable: { 'app/.next/cache': 'tmp', 'app/uploads': 'data' } },
    })
    t.throws(() => treeOf(root, { 'app/.next/cache-not.txt': 'tmp' }), {
      name: 'UserError',
      message: 'app.writable: app/.next/cache-not.txt is not a folder',
    })
    t.end()
  },
)
