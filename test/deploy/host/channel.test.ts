import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { call, listen } from '../../../deploy/host/channel.ts'
import { folderOf } from '../../lib/release.ts'

await t.test(
  'a caller that disconnects, or sends an invalid request, does not disturb the service',
  async (t) => {
    const file = join(folderOf(t), 'service.sock')
    const server = await listen(file, async ({ verb }, { print, gone }) => {
      if (verb !== 'talk') return { text: 'answered', data: {} }
      await once(gone, 'abort')
      for (let line = 0; line < 10; line++) {
        print('the caller is gone')
        await wait(10)
      }
      return { text: '', data: {} }
    })
    const leaves = call(file, { verb: 'talk', appliance: '' }, () => undefined)
    await wait(200)
    leaves.withdraw()
    await t.rejects(leaves.report, { name: 'UserError' })
    await wait(200)
    const babbles = connect(file)
    babbles.end('no JSON\n')
    t.match(await text(babbles), /^\{"error":"bug: SyntaxError/)
    const { report } = call(file, { verb: 'status', appliance: '' }, () => undefined)
    t.match(await report, { text: 'answered' })
    server.close()
  },
)
