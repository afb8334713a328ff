import t from 'tap'
import { busyTime, type CpuProfile, hottest, withHostPaths } from '../../../deploy/control/cpuprofile.ts'
import { flameGraph } from '../../../deploy/control/flame.ts'

const frame = (functionName: string, url = '', lineNumber = -1) => ({ functionName, url, lineNumber })

/** 100 µs: 50 in `hot` (30 of them called by `<b>`), 10 in `<b>`, 40 idle. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 5] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('<b>', 'file:///srv/node_modules/x/index.js', 0), children: [4] },
    { id: 4, callFrame: frame('hot', 'file:///srv/app/index.ts', 11) },
    { id: 5, callFrame: frame('hot', 'file:///srv/app/index.ts', 11) },
  ],
  startTime: 0,
  endTime: 100,
  samples: [4, 5, 3, 2, 2],
  timeDeltas: [0, 30, 20, 10, 40],
}

await t.test('the hottest functions, from wherever they are called', async (t) => {
  t.strictSame(hottest(profile, 10), [
    { name: 'hot', place: 'app/index.ts:12', selfUs: 50 },
    { name: '<b>', place: 'node_modules/x/index.js:1', selfUs: 10 },
  ])
  t.equal(hottest(profile, 1).length, 1)
  t.equal(busyTime(profile), 60)
  t.strictSame(hottest({ ...profile, samples: [], timeDeltas: [] }, 10), [])
})

await t.test('files of the app are those of this host', async (t) => {
  const urls = withHostPaths(profile, 'file:///home/$&/').nodes.map(({ callFrame }) => callFrame.url)
  t.equal(urls[3], 'file:///home/$&/app/index.ts')
  t.equal(urls[0], '')
})

await t.test('a flame graph is one file, its names escaped, idle time left out', async (t) => {
  const html = flameGraph(profile, 'CPU profile')
  t.match(html, /<title>CPU profile: 0\.00 s of work</)
  t.match(
    html,
    /class="frame app" style="flex-grow:30"><b title="hot app\/index\.ts:12\n50\.0 %, 50\.0 % itself">hot</,
  )
  t.match(html, /class="frame package" style="flex-grow:40"><b title="&lt;b&gt; /)
  t.notMatch(html, /\(idle\)|<b>|https?:/)
  t.equal(html.match(/<div/g)?.length, html.match(/<\/div/g)?.length)
  t.match(flameGraph({ nodes: [], startTime: 0, endTime: 0 }, 'none'), /0\.00 s/)
})
