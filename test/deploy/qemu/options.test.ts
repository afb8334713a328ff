import { join } from 'node:path'
import t from 'tap'
import { readOptions } from '../../../deploy/qemu/options.ts'

await t.test('a file of variables that the machine would refuse is refused before it boots', async (t) => {
  const folder = t.testdir({
    good: 'A=1\n# b\nexport KEY="-----BEGIN\nx3Sk=\n-----END"\n',
    bad: 'A=1\nKEY=-----BEGIN\nx3Sk/d=\n-----END\n',
  })
  t.match(await readOptions({ env: join(folder, 'good') }), { env: join(folder, 'good') })
  const error = await readOptions({ env: join(folder, 'bad') }).catch((error: unknown) => error)
  t.match(error, { message: /bad, line 3: must be NAME=value or a comment/, hint: /quote a value/ })
  t.notMatch(String(error), /x3Sk/)
  await t.rejects(readOptions({ env: join(folder, 'none') }), /cannot read .*none/)
})
