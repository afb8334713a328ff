import { join } from 'node:path'
import t from 'tap'
import { qmp } from '../../../deploy/targets/local/qmp.ts'
import { folderOf } from '../../fixtures/release.ts'

await t.test('a machine whose socket is not there is an error of the caller alone', async (t) => {
  await t.rejects(qmp(join(folderOf(t), 'qmp.sock'), 'quit'), { code: 'ENOENT' })
})
