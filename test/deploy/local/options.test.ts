import { join } from 'node:path'
import t from 'tap'
import { readOptions } from '../../../deploy/targets/local/options.ts'

await t.test('a file of variables that the machine would refuse is refused before it boots', async (t) => {
  const folder = t.testdir({
    good: 'A=1\n# b\nexport KEY="-----BEGIN\nx3Sk=\n-----END"\n',
    bad: 'A=1\nKEY=-----BEGIN\nx3Sk/d=\n-----END\n',
  })
  t.match(await readOptions({ env: join(folder, 'good') }), { env: join(folder, 'good') })
  const error = await readOptions({ env: join(folder, 'bad') }).catch((error: unknown) => error)
  t.match(error, { message: /bad, line 3: neither NAME=value nor a comment/, hint: /in quotes/ })
  t.notMatch(String(error), /x3Sk/)
  await t.rejects(readOptions({ env: join(folder, 'none') }), /none cannot be read/)
})
