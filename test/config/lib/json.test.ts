import t from 'tap'
import { parseJson, readJson } from '../../../config/lib/json.ts'

const cases: [text: string, place: string][] = [
  ['{\n  "a": 1,\n}', '3:1'],
  ['{"a": oops}', '1:7'],
  ['{"a": 1} x', '1:10'],
  ['{"a": "b}', '1:10'],
  ['{"a": tru', '1:10'],
  ['', '1:1'],
  ['{\n"a": 1\n"b": 2}', '3:1'],
  [`{"long": "${'x'.repeat(200)}",\n "b": [1, 2, ?], "c": "?"}`, '2:14'],
]
for (const [text, place] of cases) {
  t.throws(
    () => parseJson(text, 'a.json'),
    { name: 'UserError', message: new RegExp(`^a\\.json:${place}: not valid JSON: [^\\n]+$`) },
    JSON.stringify(text.slice(0, 30)),
  )
}

t.same(parseJson('{"a": [1, null]}', 'a.json'), { a: [1, null] })

const folder = t.testdir({ 'bom.json': '\uFEFF{"a":1}' })
t.same(readJson(`${folder}/bom.json`, 'bom.json'), { a: 1 }, 'a byte order mark is no error')
t.equal(readJson(`${folder}/none.json`, 'none.json'), undefined)
