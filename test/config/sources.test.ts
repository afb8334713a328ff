import t from 'tap'
import type { Json } from '../../config/lib/json.ts'
import { mergePatch, note, type Provenance, sourceOf } from '../../config/sources.ts'

/** The examples of RFC 7396, appendix A: original, patch, result. */
const examples: [Json, Json, Json][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
]
for (const [target, patch, result] of examples) {
  const before = structuredClone(target)
  t.same(mergePatch(target, patch, 'patch', new Map()), result, JSON.stringify([target, patch]))
  t.same(target, before, 'the original is left as it is')
}

await t.test('each value knows its source', async (t) => {
  const provenance: Provenance = new Map()
  const first = { a: { b: 1, c: 2 }, list: [{ x: 1 }], 'odd/~name': 1 }
  note(first, 'first', provenance)
  const merged = mergePatch(first, { a: { c: 3 }, list: [{ x: 2 }], d: { e: 1 } }, 'second', provenance)
  const value = { ...(merged as object), late: 1, a: { b: 1, c: 3, late: 1 } }
  const source = (pointer: string): string | undefined => sourceOf(provenance, value, pointer)
  t.equal(source('/a/b'), 'first')
  t.equal(source('/a/c'), 'second')
  t.equal(source('/list/0/x'), 'second', 'lists are set as a whole')
  t.equal(source('/d/e'), 'second')
  t.equal(source('/odd~1~0name'), 'first')
  t.equal(source('/a/missing'), 'first', 'what is missing, is missing in what the first has set')
  t.equal(source('/late'), undefined, 'a default')
  t.equal(source('/a/late'), undefined, 'a default')
  t.equal(source(''), 'first')
})

await t.test('a value that replaces an object removes its provenance', async (t) => {
  const provenance: Provenance = new Map()
  note({ a: { b: 1 } }, 'first', provenance)
  const value = mergePatch({ a: { b: 1 } }, { a: [{ b: 2 }] }, 'second', provenance)
  t.equal(sourceOf(provenance, value, '/a/0/b'), 'second')
  t.notOk(provenance.has('/a/b'))
})
