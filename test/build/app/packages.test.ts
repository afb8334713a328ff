import t from 'tap'
import { pruner } from '../../../build/app/packages.ts'

/** The paths that stay. */
function kept(manifest: object, paths: string[]): string[] {
  const never = pruner(manifest, new Set(paths))
  return paths.filter((path) => !never(path))
}

await t.test('files that never run are left out', (t) => {
  const paths = [
    'README.md',
    'readme',
    'Readme.zh-CN.md',
    'CHANGELOG.md',
    'HISTORY.md',
    'SECURITY.md',
    'dist/index.js.map',
    'dist/index.d.ts',
    'dist/index.d.mts',
    'dist/index.d.ts.map',
    'lib/a.js.flow',
    'docs/guide.md',
    'docs/logo.png',
    'examples/a.js',
    'test/a.js',
    '__tests__/a.js',
    'lib/a.test.js',
    'benchmark/a.js',
    '.github/workflows/ci.yml',
    'tsconfig.json',
    '.eslintrc.json',
    '.eslintrc',
    '.npmignore',
    'eslint.config.mjs',
    'Makefile',
    'build/Release/obj.target/a.o',
    'build/Release/obj.target/a.node',
    'lib/a.dll',
    'lib/a.dylib',
  ]
  t.same(kept({}, paths), [])
  t.end()
})

await t.test('files that may run, and licences, are packed', (t) => {
  const paths = [
    'index.js',
    'history.js',
    'security.js',
    'changes.mjs',
    'test.js',
    'lib/test/index.js',
    'dist/docs/a.js',
    'docs/openapi.json',
    'docs/index.js',
    'src/only.ts',
    'LICENSE',
    'LICENSE.md',
    'license.txt',
    'COPYING',
    'NOTICE',
    'data.map',
    'lib/map.js',
    'package.json',
    'build/Release/a.node',
    'prompts/system.md',
    'lib/readme.md',
    'spec/schema.json',
    'templates/a.html',
    'a.wasm',
    'lib/liba.so',
    'src/a.c',
    'config.json',
  ]
  t.same(kept({}, paths), paths)
  t.end()
})

await t.test('files that package.json names are packed', (t) => {
  const paths = ['test/index.js', 'test/other.js', 'examples/a.js', 'bench/cli.js', 'docs/a.md', 'README.md']
  const manifests = [
    { main: './test/index.js' },
    { main: 'test' },
    { exports: { './testing': { types: './examples/a.js', default: './test/index.js' } } },
    { imports: { '#test': './test/other.js' } },
    { bin: { x: 'test/index.js' } },
  ]
  for (const manifest of manifests) {
    t.same(kept(manifest, paths), ['test/index.js', 'test/other.js'], JSON.stringify(manifest))
  }
  t.same(kept({ exports: { './readme': './README.md' } }, paths), ['README.md'])
  t.same(kept({ main: 'Makefile' }, ['Makefile']), ['Makefile'])
  t.end()
})

await t.test('TypeScript is left out only beside its JavaScript', (t) => {
  t.same(kept({}, ['a.ts', 'a.js', 'b.ts', 'c.mts', 'c.mjs']), ['a.js', 'b.ts', 'c.mjs'])
  t.end()
})

await t.test('sources of an addon are left out only beside the addon', (t) => {
  const sources = ['src/a.cc', 'src/a.h', 'deps/x/Makefile', 'deps/x/configure']
  t.same(kept({}, sources), sources)
  t.same(kept({}, ['binding.gyp', ...sources]), [])
  t.end()
})

await t.test('packages that read declarations at run time keep them', (t) => {
  t.same(kept({ name: 'typescript' }, ['lib/lib.d.ts', 'README.md']), ['lib/lib.d.ts', 'README.md'])
  t.same(kept({ name: 'typescript-thing' }, ['lib/lib.d.ts']), [])
  t.end()
})

await t.test('source maps are packed if a package serves its files to browsers', (t) => {
  const served = ['client-dist/socket.io.js', 'client-dist/socket.io.js.map', 'dist/public/app.css.map']
  t.same(kept({}, [...served, 'dist/index.js', 'dist/index.js.map', 'client.js.map']), [
    ...served,
    'dist/index.js',
  ])
  t.end()
})
